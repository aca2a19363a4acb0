/**
 * Keeps the map of the cluster fresh: read at the start, when an answer tells of a later epoch, and when a shard's door is lost. One request
 * at a time; failures and maps that lag behind are tried again with backoff, for as long as somebody wants a newer one.
 */
import { backoffMs } from './backoff.ts';
import { ClusterMap } from './cluster-map.ts';
import { reasonOf } from './http-json.ts';
import { KithError } from './kith-error.ts';
import type { ClientSettings } from './options.ts';
import type { ClientWorld } from './world.ts';

export interface MapListener {
  mapChanged(map: ClusterMap): void;
  mapFailed(error: KithError): void;
}

const FETCH_TIMEOUT_MS = 5_000;
/** The server has no map for us, and will not have one soon. */
const FINAL = new Set(['not_found', 'forbidden', 'unauthorized']);

export class MapKeeper {
  readonly #world: ClientWorld;
  readonly #settings: ClientSettings;
  readonly #listener: MapListener;
  #map: ClusterMap | undefined;
  #wantedEpoch = 0;
  #attempt = 0;
  #fetching: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(world: ClientWorld, settings: ClientSettings, listener: MapListener) {
    this.#world = world;
    this.#settings = settings;
    this.#listener = listener;
  }

  get map(): ClusterMap | undefined {
    return this.#map;
  }

  /** Resolves when the request under way, or a new one, has ended; never rejects. */
  refresh(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  heardEpoch(epoch: number): void {
    if (epoch <= (this.#map?.epoch ?? -1) || epoch <= this.#wantedEpoch) return;
    this.#wantedEpoch = epoch;
    this.#attempt = 0;
    // A request under way may have been answered before the change: its answer decides.
    if (this.#fetching === undefined) void this.refresh();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  async #fetch(): Promise<void> {
    const { httpUrl, key } = this.#settings;
    let error: KithError | undefined;
    try {
      const body = await this.#world.fetchJson(`${httpUrl}/v1/cluster`, key, FETCH_TIMEOUT_MS);
      if (this.#isClosed) return;
      const map = ClusterMap.of(body, (address) => mayDial(httpUrl, address));
      if (map === undefined) error = new KithError('not_found', `${httpUrl}/v1/cluster answered what is no map`);
      else this.#take(map);
    } catch (cause) {
      error = cause instanceof KithError ? cause : new KithError('unreachable', reasonOf(cause), { cause });
    }
    if (this.#isClosed) return;
    if (error !== undefined) this.#listener.mapFailed(error);
    const isBehind = (this.#map?.epoch ?? -1) < this.#wantedEpoch;
    if (error === undefined && !isBehind) this.#attempt = 0;
    else if (error === undefined || !FINAL.has(error.code)) this.#again(error?.retryAfterMs);
  }

  /** An older map than ours comes from a router that has not heard yet. */
  #take(map: ClusterMap): void {
    if (this.#map !== undefined && map.epoch < this.#map.epoch) return;
    this.#map = map;
    this.#listener.mapChanged(map);
  }

  #again(retryAfterMs: number | undefined): void {
    const delayMs = backoffMs(this.#world, this.#settings.backoff, this.#attempt, retryAfterMs);
    this.#attempt += 1;
    this.#cancelTimer = this.#world.clock.after(delayMs, () => void this.refresh());
  }
}

/**
 * A shard's address is dialled with the key, so it must not lead where the key was not meant to go: not to this machine when the server is
 * another one, and not from an encrypted connection to an open one.
 */
function mayDial(homeUrl: string, address: string): boolean {
  const [home, shard] = [new URL(homeUrl), new URL(address)];
  if (isLoopback(shard.hostname)) return isLoopback(home.hostname);
  return home.protocol !== 'https:' || shard.protocol === 'https:';
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
