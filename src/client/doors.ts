/**
 * The doors of one client: that of the url given, and those of the shards that the cluster's map names. Says which door a call goes to, and what
 * becomes of calls whose door is lost or leaves the map.
 *
 * Keeps: a call that was given to a door is in one door's queue, or under way at one, until it is settled; the door of the url given takes what no
 * other does.
 */
import type { RetryPolicy } from './attempt.ts';
import type { ClusterMap } from './cluster-map.ts';
import { Door, type DoorOwner, type DoorStats, type Task } from './door.ts';
import { isRetryable, KithError } from './kith-error.ts';
import { MapKeeper } from './map-keeper.ts';
import type { ClientSettings, ClientWarning } from './options.ts';
import type { ClientWorld } from './world.ts';

export class Doors {
  readonly #settings: ClientSettings;
  readonly #world: ClientWorld;
  readonly #policy: RetryPolicy;
  readonly #owner: DoorOwner;
  readonly #home: Door;
  /** Of shards, by URL. */
  readonly #doors = new Map<string, Door>();
  readonly #retiring = new Set<Door>();
  readonly #maps: MapKeeper;
  #direct: ClusterMap | undefined;
  #retriedCount = 0;
  #onConnect: ((error: KithError | undefined) => void) | undefined;
  #isStrangenessTold = false;

  constructor(settings: ClientSettings, world: ClientWorld, policy: RetryPolicy) {
    this.#settings = settings;
    this.#world = world;
    this.#policy = policy;
    this.#owner = {
      doorOpened: (door) => this.#doorOpened(door),
      doorDown: (door, error) => this.#doorDown(door, error),
      doorIdle: (door) => this.#doorIdle(door),
      readmit: (tasks) => this.#readmit(tasks),
      heardEpoch: (epoch) => this.#heardEpoch(epoch),
      warn: (code, message, url) => this.#warn(code, message, url),
    };
    this.#home = this.#newDoor(settings.httpUrl);
    this.#maps = new MapKeeper(world, settings, {
      mapChanged: (map) => this.#mapChanged(map),
      mapFailed: (error) => this.#mapFailed(error),
    });
  }

  /** Errors: unauthorized, forbidden, unreachable. */
  async open(): Promise<void> {
    await this.#connect();
    if (this.#settings.routing !== 'router') await this.#maps.refresh();
  }

  /** Whether the door of the url given is open. */
  get isConnected(): boolean {
    return this.#home.isOpen;
  }

  /** Whether people's calls go to the shards' own doors. */
  get isDirect(): boolean {
    return this.#direct !== undefined;
  }

  /** Of the map; undefined = none. */
  get epoch(): number | undefined {
    return this.#maps.map?.epoch;
  }

  /** Items that came to a door again, after a refusal or a lost connection. */
  get retriedCount(): number {
    return this.#retriedCount;
  }

  /** The first is that of the url given. */
  stats(): DoorStats[] {
    return [this.#home, ...this.#doors.values()].map((door) => door.stats());
  }

  /** The shard's own door where that is open or about to be, else the url given. */
  of(slot: number | undefined): Door {
    const address = slot === undefined ? undefined : this.#direct?.addressOf(slot);
    const door = address === undefined ? undefined : this.#doors.get(address);
    return door?.isHopeful === true ? door : this.#home;
  }

  #newDoor(httpUrl: string): Door {
    return new Door(httpUrl, this.#world, this.#settings, this.#policy, this.#owner);
  }

  /** Sends what waits for company. */
  flush(): void {
    this.#home.flush();
    for (const door of this.#doors.values()) door.flush();
  }

  /** Ends all connections, for good; calls under way are rejected. */
  close(error: KithError): void {
    this.#maps.close();
    const doors = [this.#home, ...this.#doors.values(), ...this.#retiring];
    for (const door of doors) door.abandon(error);
    for (const door of doors) door.close(true);
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { connectForMs, httpUrl } = this.#settings;
      let last: KithError | undefined;
      const settle = (error: KithError | undefined): void => {
        this.#onConnect = undefined;
        cancel();
        if (error === undefined) {
          resolve();
          return;
        }
        this.#home.close(false);
        reject(error);
      };
      const cancel = this.#world.clock.after(connectForMs, () =>
        settle(
          new KithError(
            'unreachable',
            `no answer from ${httpUrl} in ${connectForMs} ms${last === undefined ? '' : `: ${last.message}`}`,
            {
              cause: last,
            },
          ),
        ),
      );
      this.#onConnect = (error) => {
        last = error;
        // A refusal that time does not mend is told at once.
        if (error === undefined || !isRetryable(error)) settle(error);
      };
      this.#home.dial();
    });
  }

  // What doors tell.

  /** */
  #doorOpened(door: Door): void {
    if (door === this.#home) this.#onConnect?.(undefined);
  }

  /** A shard's door is lost: the router knows a way, and soon perhaps another map. */
  #doorDown(door: Door, error: KithError): void {
    if (door === this.#home) {
      this.#onConnect?.(error);
      return;
    }
    const tasks = door.evacuate();
    this.#retriedCount += itemCountOf(tasks);
    this.#home.putBack(tasks);
    if (door.isRetiring) this.#doorIdle(door);
    else void this.#maps.refresh();
  }

  /** */
  #doorIdle(door: Door): void {
    this.#retiring.delete(door);
    door.close(true);
  }

  /** */
  #readmit(tasks: readonly Task[]): void {
    this.#retriedCount += itemCountOf(tasks);
    const byDoor = new Map<Door, Task[]>();
    for (const task of tasks) {
      const door = this.of(task.slot);
      byDoor.set(door, [...(byDoor.get(door) ?? []), task]);
    }
    for (const [door, those] of byDoor) door.putBack(those);
  }

  /** */
  #heardEpoch(epoch: number): void {
    if (this.#settings.routing !== 'router') this.#maps.heardEpoch(epoch);
  }

  /** The user's own function: what it throws is not ours to catch. */
  #warn(code: ClientWarning['code'], message: string, url: string): void {
    queueMicrotask(() => this.#settings.onWarning({ code, message, url }));
  }

  // What the map tells.

  /** */
  #mapChanged(map: ClusterMap): void {
    const { httpUrl, routing } = this.#settings;
    if (map.strangeAddresses.length > 0 && !this.#isStrangenessTold) {
      this.#isStrangenessTold = true;
      const shown = map.strangeAddresses.slice(0, 3).join(', ');
      this.#warn(
        'direct_routing',
        `shards at ${shown} are not to be reached from here; their items go to ${httpUrl}`,
        httpUrl,
      );
    }
    this.#direct = map.addresses.length > 0 && (routing === 'direct' || map.isWhole) ? map : undefined;
    const wanted = new Set(this.#direct?.addresses.filter((address) => address !== httpUrl));
    for (const address of wanted) {
      if (this.#doors.has(address)) continue;
      const door = this.#newDoor(address);
      this.#doors.set(address, door);
      door.dial();
    }
    for (const [address, door] of [...this.#doors]) if (!wanted.has(address)) this.#retire(address, door);
  }

  /** */
  #mapFailed(error: KithError): void {
    // A server that has no map is a whole one: nothing to tell, unless the user asked for shards.
    if (error.code === 'not_found' && this.#settings.routing === 'auto') return;
    this.#warn('cluster_map', `the map of the cluster could not be read: ${error.message}`, this.#settings.httpUrl);
  }

  /** Its queue goes elsewhere; what is under way may end. */
  #retire(address: string, door: Door): void {
    this.#doors.delete(address);
    door.isRetiring = true;
    this.#readmit(door.evacuate());
    if (door.isIdle) door.close(true);
    else this.#retiring.add(door);
  }
}

function itemCountOf(tasks: readonly Task[]): number {
  return tasks.filter(({ kind }) => kind === 'item').length;
}
