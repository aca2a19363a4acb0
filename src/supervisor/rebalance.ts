/**
 * Gives a running cluster another number of shards: starts the new ones, moves slots one handful after another, stops those that have none left.
 * What is wanted is in the cluster's file from the first moment on, so whatever dies on the way, supervisor included, it is gone on with;
 * every handful is wholly here or wholly there. Asking for the number before is the way back.
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
import { type PlannedMove, planMoves } from './rebalance-plan.ts';

const RETRY_MS = 500;

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
  /** Tells everybody. */
  publish(): void;
  /** Errors: shard_unavailable and what else a call ends with. */
  callShard(shard: number, method: string, args: unknown): Promise<unknown>;
  isServing(shard: number): boolean;
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
    const moves = planMoves(slotOwners(), target);
    this.#total = this.#done + moves.reduce((sum, { slots }) => sum + slots.length, 0);
    for (const move of moves) {
      if (this.#target !== target || this.#isStopped) return false;
      this.#stage = 'moving';
      this.#current = move;
      await this.#move(move);
      this.#done += move.slots.length;
    }
    this.#current = undefined;
    this.#stage = 'stopping shards';
    if (target < shardCount()) await shrink(target);
    return true;
  }

  async #move({ from, to, slots }: PlannedMove): Promise<void> {
    const { callShard, isServing, keepOwners, publish, slotOwners } = this.#parts;
    while (!isServing(from) || !isServing(to)) {
      this.#stage = `waiting for shard ${isServing(from) ? to : from}`;
      if (this.#isStopped) throw new EngineError('shutting_down', 'the cluster stops');
      await this.#pause();
    }
    this.#stage = 'moving';
    await callShard(from, 'move_slots', { slots, to });
    const moved = new Set(slots);
    const map = keepOwners(slotOwners().map((owner, slot) => (moved.has(slot) ? to : owner)));
    // Who is down hears of it when it comes up.
    await callShard(to, 'use_map', map).catch(() => undefined);
    await callShard(from, 'use_map', map).catch(() => undefined);
    publish();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(RETRY_MS, resolve));
  }
}
