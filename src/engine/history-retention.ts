/**
 * Forgets, every now and then, values of traits that were overwritten longer ago than the history is kept. What is to be forgotten is looked
 * for in slices; each find becomes a command of its shard, which the log keeps, so that a replay forgets the same. On disk it is gone with the
 * next checkpoint, which takes the place of the log before it.
 */
import { hasForgettable } from '../profile/history/forgetting.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Shard } from '../shard/shard.ts';

const HOUR_MS = 3_600_000;
/** The share of the retention by which a value may outlive it. */
const OVERTIME_SHARE = 1 / 30;
/** Participants in one command, and calls looked at between two turns. */
const SLOTS_PER_COMMAND = 256;
const CALLS_PER_TURN = 2_000;

export interface HistoryRetentionParts {
  readonly shards: readonly Shard[];
  readonly clock: Clock;
  readonly retentionMs: number;
  /** Whether the engine is closing. */
  readonly isOver: () => boolean;
}

export class HistoryRetention {
  readonly #parts: HistoryRetentionParts;
  #running: Promise<void> | undefined;

  constructor(parts: HistoryRetentionParts) {
    this.#parts = parts;
  }

  /** Forgets now, and then again and again; gives the way to end that. */
  start(): () => void {
    const { clock, retentionMs } = this.#parts;
    // A shard whose log failed says so to everybody else.
    const run = (): void => void this.run().catch(() => {});
    run();
    return clock.every(Math.max(HOUR_MS, retentionMs * OVERTIME_SHARE), run);
  }

  /** One round over all that is kept; one at a time. */
  run(): Promise<void> {
    this.#running ??= this.#round().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no round is under way. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => {});
  }

  async #round(): Promise<void> {
    const { shards, clock, retentionMs, isOver } = this.#parts;
    const beforeMs = clock.nowMs() - retentionMs;
    for (const shard of shards) {
      const { history } = shard.data;
      let found: number[] = [];
      let callCount = 0;
      for (let slot = 0; slot < history.participantCount; slot++) {
        callCount += 1 + history.countAt(slot);
        if (hasForgettable(shard.data, slot, beforeMs)) found.push(slot);
        if (callCount >= CALLS_PER_TURN || found.length >= SLOTS_PER_COMMAND) {
          forget(shard, found, beforeMs);
          found = [];
          callCount = 0;
          await clock.yieldTurn();
          if (isOver()) return;
        }
      }
      forget(shard, found, beforeMs);
    }
  }
}

/** Between two turns no batch is half applied, so that nothing comes between its items. */
function forget(shard: Shard, slots: readonly number[], beforeMs: number): void {
  if (slots.length > 0) shard.command({ kind: 'forget', slots, beforeMs });
}
