/**
 * The words of the quarantine, between routers and the court that judges (the supervisor). A *suspect* was under way at a shard when it died. A
 * suspect is tried alone: one call with nothing else in it, one trial a shard at a time over all routers. One that is answered is cleared;
 * one that the shard dies of again is quarantined: it is never sent to a shard any more.
 *
 * What is suspected is named by a key (`quarantine-key.ts`), never by its content.
 */
import type { QuarantinedKind } from '../model/quarantine.ts';

/** Where something stands: nothing is known of it, it is to be tried alone, or it is refused. */
export type Standing = 'free' | 'suspect' | 'quarantined';

/**
 * How a trial ended. `lost`: the shard that was called died; `lost_elsewhere`: a shard that it called died; `unsettled`: it was not sent,
 * or refused for now.
 */
export type TrialOutcome = 'answered' | 'lost' | 'lost_elsewhere' | 'unsettled';

/**
 * How a shard's process ended. `crash`: by itself, or it hung. `killed`: by a signal from outside, which the kernel also sends when memory is
 * out. `ordered`: it was asked to, or its disk failed: nothing that was sent to it is to blame.
 */
export type ShardEnd = 'crash' | 'killed' | 'ordered';

/** What is kept of something that may be quarantined. */
export interface Exhibit {
  readonly kind: QuarantinedKind;
  readonly what: string;
  readonly event?: string | undefined;
  readonly messageId?: string | undefined;
  /** Of an item. */
  readonly bytes?: Uint8Array | undefined;
}

export interface QuarantineRecord extends Exhibit {
  readonly hash: string;
  readonly atMs: number;
  readonly shard: number;
  /** Absent = until it is let go. */
  readonly untilMs?: number | undefined;
}

/** What those who send to shards must know of a record. */
export interface Verdict {
  readonly hash: string;
  readonly atMs: number;
  readonly shard: number;
  readonly untilMs?: number | undefined;
}

/** Changes, in this order: what is free again, what is to be tried alone, what is refused. */
export interface QuarantineNews {
  readonly cleared: readonly string[];
  readonly suspects: readonly string[];
  readonly quarantined: readonly Verdict[];
}

export interface TrialEnd {
  readonly shard: number;
  readonly hash: string;
  readonly outcome: TrialOutcome;
  /** Of one that was lost. */
  readonly exhibit?: Exhibit | undefined;
}

/** The court as a process sees it that sends to shards. */
export interface CourtAccess {
  /** What was under way when the shard died. */
  report(shard: number, hashes: readonly string[]): void;
  /** Resolves when no other trial is under way at the shard; anything but `suspect` = there is nothing to try. `exhibit` where the caller may die with the shard. */
  begin(shard: number, hash: string, exhibit?: Exhibit): Promise<Standing>;
  end(trial: TrialEnd): void;
}

/** Suspects that are known at once, the oldest forgotten first; and for how long. */
export const SUSPECT_COUNT_MAX = 20_000;
export const SUSPECT_KEPT_MS = 600_000;
/** Of one death, of a kind: the first that were sent. A shard works in order, so the culprit is among them. */
export const SUSPECTS_OF_DEATH_MAX = 5_000;
