/** A process of the cluster as the supervisor's rules see it: what it can be told, and what it tells. Who makes it: `child-process.ts`, or a test. */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { QuarantineNews } from '../cluster/quarantine.ts';

export const ROLES = ['shard', 'router'] as const;
export type Role = (typeof ROLES)[number];

/** What a process tells of itself each second. Counters are since its start. */
export interface ChildStats {
  readonly memoryBytes: number;
  readonly accepted: number;
  readonly lookups: number;
  readonly queries: number;
  readonly profiles: number;
  readonly events: number;
  readonly appliedSeq: number;
  readonly durableSeq: number;
  readonly checkpointSeq: number;
}

/** Commands that were under way at a shard when it died: one of them may have killed it. */
export interface Suspects {
  readonly shard: number;
  readonly hashes: readonly string[];
}

/** Why a process could not start, or had to end. */
export interface ChildFailure {
  readonly code: string;
  readonly message: string;
}

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Called in this order, `onEnded` last and exactly once; nothing comes after it. */
export interface ChildEvents {
  /** It said who it is and has its configuration. */
  onGreeted(): void;
  /** `door` is the URL where it listens, or empty. */
  onServing(door: string): void;
  onStats(stats: ChildStats): void;
  onSuspects(suspects: Suspects): void;
  onFailed(failure: ChildFailure): void;
  /** Somebody asked it to end, by a signal: it waits to be told so from here, in order. */
  onLeave(): void;
  onEnded(end: ChildEnd): void;
}

export interface Child {
  readonly pid: number;
  useMap(map: ClusterMap): void;
  useQuarantine(news: QuarantineNews): void;
  /** It answers what is under way, keeps what it has, and ends. */
  stop(): void;
  kill(): void;
}

/** Events come in later turns, never from within the call. */
export type Spawn = (role: Role, index: number, events: ChildEvents) => Child;
