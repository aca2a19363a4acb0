/**
 * Gives a running cluster another number of shards: starts the new ones, moves slots one handful after another, stops those that have none left.
 * What is wanted is in the cluster's file from the first moment on, so whatever dies on the way, supervisor included, it is gone on with;
 * every handful is wholly here or wholly there. Asking for the number before is the way back.
 *
 * What a shard began to give goes first where it was begun to be given, whatever is wanted now: some of the people are there already. A shard leaves
 * when it has nothing on its way to others, nor they to it.
 *
 * The order that keeps one owner for each slot: all of its people are on the new owner's disk → the file has the new owner → the new owner
 * hears of it → the old owner hears of it, and lets go what it held back → everybody else.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { SlotMove } from '../model/cluster.ts';
import { slotRanges } from '../model/cluster.ts';
import { EngineError } from '../model/error.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorFields, type Logger } from '../runtime/logger.ts';
import { handfulOf, movesOf, type PlannedMove, planMoves } from './rebalance-plan.ts';

const RETRY_MS = 500;
/** What waited during a move is caught up with before the next one, while somebody sends: so much of the time that the move took. */
const REST_SHARE = 2;
const REST_MAX_MS = 1_000;

export interface RebalanceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  slotOwners(): readonly number[];
  shardCount(): number;
  /** Starts those up to the number, if they are not there. */
  grow(shardCount: number): void;
  /** Stops those from the number on; they have no slots. */
  shrink(shardCount: number): Promise<void>;
  /** Keeps what is wanted, for the next supervisor; undefined = nothing any more. Errors: storage_failed. */
  keepTarget(shardCount: number | undefined): void;
  /** Keeps the new owners and makes a map of them, which is given. Errors: storage_failed. */
  keepOwners(slotOwners: readonly number[]): ClusterMap;
  /** The newest. */
  map(): ClusterMap;
  /** Tells everybody. */
  publish(): void;
  /** Errors: shard_unavailable and what else a call ends with. */
  callShard(shard: number, method: string, args: unknown): Promise<unknown>;
  isServing(shard: number): boolean;
  /** Profiles and events that the shard has, undefined when it has not said. */
  contentOf(shard: number): number | undefined;
  /** Somebody sends items. */
  isBusy(): boolean;
}

export class Rebalance {
  readonly #parts: RebalanceParts;
  #target: number | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #current: PlannedMove | undefined;
  #done = 0;
  #total = 0;
  #stage = '';

  constructor(parts: RebalanceParts) {
    this.#parts = parts;
  }

  /** While it goes on. */
  get view(): SlotMove | undefined {
    if (this.#target === undefined) return undefined;
    const { from = 0, to = 0, slots = [] } = this.#current ?? {};
    const moved = new Set(slots);
    const ranges = slotRanges(SLOT_COUNT, (slot) => moved.has(slot));
    return { from, to, slotRanges: ranges, stage: this.#stage, done: this.#done, total: this.#total };
  }

  /** Begins, or changes what is wanted while it goes on. Errors: storage_failed. */
  begin(shardCount: number): void {
    this.#parts.keepTarget(shardCount);
    this.#target = shardCount;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** The next supervisor goes on. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger } = this.#parts;
    for (;;) {
      const target = this.#target;
      if (target === undefined || this.#isStopped) return;
      try {
        const isOver = await this.#towards(target);
        if (!isOver) continue;
        this.#parts.keepTarget(undefined);
        this.#target = undefined;
        this.#done = 0;
        this.#total = 0;
        logger.info('slots are where they belong', { shards: target });
        return;
      } catch (error) {
        if (this.#isStopped) return;
        logger.warn('moving slots is tried again', errorFields(error));
        await this.#pause();
      }
    }
  }

  /** True when the target is reached; false when another was set meanwhile, or it was stopped. */
  async #towards(target: number): Promise<boolean> {
    const { grow, shrink, slotOwners, shardCount } = this.#parts;
    this.#stage = 'starting shards';
    if (target > shardCount()) grow(target);
    if (!(await this.#moveAll(await this.#begun(), target))) return false;
    const plan = planMoves(slotOwners(), target, (from) => this.#handfulOf(from));
    if (!(await this.#moveAll(plan, target))) return false;
    if (target >= shardCount()) return true;
    for (let shard = target; shard < shardCount(); shard++) await this.#empty(shard);
    if (this.#target !== target || this.#isStopped) return false;
    this.#stage = 'stopping shards';
    await shrink(target);
    return this.#target === target;
  }

  /** False when another target was set meanwhile, or it was stopped. */
  async #moveAll(moves: readonly PlannedMove[], target: number): Promise<boolean> {
    const { clock, isBusy } = this.#parts;
    this.#total = this.#done + moves.reduce((sum, { slots }) => sum + slots.length, 0);
    for (const move of moves) {
      if (this.#target !== target || this.#isStopped) return false;
      this.#current = move;
      const startMs = clock.monotonicMs();
      await this.#move(move);
      this.#current = undefined;
      this.#done += move.slots.length;
      if (isBusy()) await this.#pause(Math.min(REST_MAX_MS, REST_SHARE * (clock.monotonicMs() - startMs)));
    }
    return this.#target === target && !this.#isStopped;
  }

  /** What shards say they have begun to give. */
  async #begun(): Promise<PlannedMove[]> {
    const { callShard, shardCount, slotOwners } = this.#parts;
    const moves: PlannedMove[] = [];
    for (let from = 0; from < shardCount(); from++) {
      await this.#whenServing([from]);
      const begun = (await callShard(from, 'begun_moves', null)) as readonly Omit<PlannedMove, 'from'>[];
      for (const { to, slots } of begun) {
        const left = slots.filter((slot) => slotOwners()[slot] === from);
        if (left.length > 0) moves.push(...movesOf({ from, to, slots: left }, this.#handfulOf(from)));
      }
    }
    return moves;
  }

  /** A shard without slots serves nobody any more, and has given away what it had on its way to others; what they had for it is there. */
  async #empty(leaving: number): Promise<void> {
    const { callShard, shardCount, map } = this.#parts;
    for (let shard = 0; shard < shardCount(); shard++) {
      await this.#whenServing([shard, leaving]);
      this.#stage = `emptying shard ${leaving}`;
      if (shard === leaving) continue;
      await callShard(shard, 'use_map', map());
      await callShard(shard, 'settle', null);
    }
    await callShard(leaving, 'retire', null);
  }

  /** Errors: shutting_down when it is stopped meanwhile. */
  async #whenServing(shards: readonly number[]): Promise<void> {
    for (;;) {
      const missing = shards.find((shard) => !this.#parts.isServing(shard));
      if (missing === undefined) return;
      this.#stage = `waiting for shard ${missing}`;
      if (this.#isStopped) throw new EngineError('shutting_down', 'the cluster stops');
      await this.#pause();
    }
  }

  async #move({ from, to, slots }: PlannedMove): Promise<void> {
    const { callShard, keepOwners, publish, slotOwners } = this.#parts;
    await this.#whenServing([from, to]);
    this.#stage = 'moving';
    await callShard(from, 'move_slots', { slots, to });
    const moved = new Set(slots);
    const map = keepOwners(slotOwners().map((owner, slot) => (moved.has(slot) ? to : owner)));
    // Who is down hears of it when it comes up.
    await callShard(to, 'use_map', map).catch(() => undefined);
    await callShard(from, 'use_map', map).catch(() => undefined);
    publish();
  }

  #handfulOf(from: number): number {
    const { slotOwners, contentOf } = this.#parts;
    return handfulOf(slotOwners().filter((owner) => owner === from).length, contentOf(from));
  }

  #pause(durationMs = RETRY_MS): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(durationMs, resolve));
  }
}
