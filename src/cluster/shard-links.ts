/** Links from one process of the cluster to every shard, by the map: dialled when a shard is known, and again whenever one is lost. */
import type { Network } from '../link/dial.ts';
import type { AnswerTaker, CallOptions, Handlers, Peer } from '../link/peer.ts';
import { ReconnectingLink } from '../link/reconnecting-link.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ClusterMap } from './cluster-map.ts';
import type { Peers } from './peers.ts';
import { unavailable } from './step/claim.ts';

export interface ShardLinksOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Index of this process' own shard, which it has no link to. */
  readonly own?: number | undefined;
  /** What shards may call over these links. */
  readonly handlers: Handlers;
}

export class ShardLinks implements Peers {
  readonly #options: ShardLinksOptions;
  readonly #links = new Map<number, ReconnectingLink>();
  readonly #upCallbacks: ((shard: number) => void)[] = [];
  readonly #downCallbacks: ((shard: number) => void)[] = [];
  /** Of each shard, how often it was connected or said that it is another process. */
  readonly #sessions = new Map<number, number>();
  #isClosed = false;

  constructor(options: ShardLinksOptions) {
    this.#options = options;
  }

  /** Called each time a link comes up. */
  onUp(callback: (shard: number) => void): void {
    this.#upCallbacks.push(callback);
  }

  onDown(callback: (shard: number) => void): void {
    this.#downCallbacks.push(callback);
  }

  use(map: ClusterMap): void {
    if (this.#isClosed) return;
    const { network, clock, random, own, handlers } = this.#options;
    for (const { index, address, state } of map.shards) {
      if (index === own || address === '') continue;
      const known = this.#links.get(index);
      if (known !== undefined) {
        known.setAddress(address);
        // The supervisor heard it sooner than the next try would.
        if (state === 'up') known.dialNow();
        continue;
      }
      const link = new ReconnectingLink({ network, clock, random, address, handlers, name: `shard ${index}` });
      link.onUp(() => {
        this.endSession(index);
        for (const callback of this.#upCallbacks) callback(index);
      });
      link.onDown(() => {
        for (const callback of this.#downCallbacks) callback(index);
      });
      this.#links.set(index, link);
    }
    for (const [index, link] of this.#links) {
      if (index < map.shards.length) continue;
      link.close();
      this.#links.delete(index);
    }
  }

  call<T>(shard: number, method: string, args: unknown, options?: CallOptions): Promise<T> {
    const link = this.#links.get(shard);
    return link === undefined ? Promise.reject(unavailable(shard)) : link.call<T>(method, args, options);
  }

  /** Throws as `Peer.ask` does; shard_unavailable. */
  ask(shard: number, method: string, args: unknown, options: CallOptions | undefined, taker: AnswerTaker): void {
    const link = this.#links.get(shard);
    if (link === undefined) throw unavailable(shard);
    link.ask(method, args, options, taker);
  }

  session(shard: number): number | undefined {
    return this.#links.get(shard)?.isUp === true ? this.#sessions.get(shard) : undefined;
  }

  /** What the shard promised so far is void: it is another process now, even if this end of the link has not heard of it. */
  endSession(shard: number): void {
    this.#sessions.set(shard, (this.#sessions.get(shard) ?? 0) + 1);
  }

  peer(shard: number): Peer | undefined {
    return this.#links.get(shard)?.peer;
  }

  async whenUp(shard: number): Promise<void> {
    const link = this.#links.get(shard);
    if (link === undefined) throw unavailable(shard);
    await link.whenUp();
  }

  close(): void {
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}
