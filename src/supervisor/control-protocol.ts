/**
 * What passes on a control link, between the supervisor and one of its processes. The process says `hello` once and gets its
 * configuration; then it tells (`serving`, `stats`, `suspects`, `trial_end`, `leave`), reports why it fails (`failed`, answered, so that
 * it has arrived before the process ends) and asks (`view`, `trial`, `quarantine_list`, `quarantine_release`); it is told `map`, `quarantine` and `stop`. Keys and paths come
 * by this way only: arguments of a process can be read by every user of the machine.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { Exhibit, QuarantineNews, TrialEnd, TrialOutcome } from '../cluster/quarantine.ts';
import type { OpenOptions } from '../engine/open-options.ts';
import type { LogLevel } from '../engine/settings.ts';
import { EngineError } from '../model/error.ts';
import type { IngestLimits } from '../model/limits.ts';
import { type ChildFailure, type ChildStats, ROLES, type Role, type Suspects } from './child.ts';

/** Maps have 1,024 slots and some shards: far below. */
export const CONTROL_MESSAGE_BYTES_MAX = 4 * 1_048_576;
/** The variable with the token, the only thing that a process gets by its environment. */
export const TOKEN_VARIABLE = 'KITH_CONTROL_TOKEN';

export interface Greeting {
  readonly role: Role;
  readonly index: number;
  readonly pid: number;
  /** Made for this process, good once. */
  readonly token: string;
  /** Of the package that its files belong to. */
  readonly version: string;
}

export interface DoorConfig {
  readonly host: string;
  readonly port: number;
  readonly isPortShared: boolean;
  readonly keys: {
    readonly write: readonly string[];
    readonly admin: readonly string[];
    readonly read: readonly string[];
  };
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** PEM files for links by TLS; absent when links are Unix sockets. */
export interface LinkFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface ChildConfig {
  readonly map: ClusterMap;
  readonly logLevel: LogLevel;
  readonly limits: IngestLimits;
  readonly linkFiles: LinkFiles | undefined;
  /** Absent for a shard without a door of its own. */
  readonly door: DoorConfig | undefined;
  /** What is suspected and refused when the process starts. */
  readonly quarantine: QuarantineNews;
  /** Of a shard only. */
  readonly engine: OpenOptions | undefined;
}

const record = (args: unknown): Readonly<Record<string, unknown>> =>
  typeof args === 'object' && args !== null ? (args as Readonly<Record<string, unknown>>) : {};

const notOurs = (what: string): EngineError => new EngineError('invalid_request', `${what} is not what a process says`);

export function greetingOf(args: unknown): Greeting {
  const { role, index, pid, token, version } = record(args);
  const known = ROLES.find((one) => one === role);
  if (known === undefined || typeof index !== 'number' || typeof pid !== 'number') throw notOurs('hello');
  if (typeof token !== 'string' || typeof version !== 'string') throw notOurs('hello');
  return { role: known, index, pid, token, version };
}

export function statsOf(args: unknown): ChildStats {
  const given = record(args);
  const number = (name: keyof ChildStats): number => {
    const value = given[name];
    if (typeof value !== 'number') throw notOurs(`stats without ${name}`);
    return value;
  };
  return {
    memoryBytes: number('memoryBytes'),
    accepted: number('accepted'),
    lookups: number('lookups'),
    queries: number('queries'),
    profiles: number('profiles'),
    events: number('events'),
    appliedSeq: number('appliedSeq'),
    durableSeq: number('durableSeq'),
    checkpointSeq: number('checkpointSeq'),
  };
}

export function suspectsOf(args: unknown): Suspects {
  const { shard, hashes } = record(args);
  if (typeof shard !== 'number' || !Array.isArray(hashes)) throw notOurs('suspects');
  return { shard, hashes: (hashes as readonly unknown[]).map(String) };
}

export function trialOf(args: unknown): {
  readonly shard: number;
  readonly hash: string;
  readonly exhibit?: Exhibit | undefined;
} {
  const { shard, hash, exhibit } = record(args);
  if (typeof shard !== 'number' || typeof hash !== 'string') throw notOurs('trial');
  return { shard, hash, exhibit: exhibitOf(exhibit) };
}

const OUTCOMES: readonly TrialOutcome[] = ['answered', 'lost', 'lost_elsewhere', 'unsettled'];

export function trialEndOf(args: unknown): TrialEnd {
  const outcome = OUTCOMES.find((one) => one === record(args)['outcome']);
  if (outcome === undefined) throw notOurs('trial_end');
  return { ...trialOf(args), outcome };
}

function exhibitOf(given: unknown): Exhibit | undefined {
  if (given === undefined || given === null) return undefined;
  const { kind, what, event, messageId, bytes } = record(given);
  if (kind !== 'item' && kind !== 'call') throw notOurs('an exhibit');
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    kind,
    what: String(what),
    event: text(event),
    messageId: text(messageId),
    // What came by a link is a part of its message.
    bytes: bytes instanceof Uint8Array ? Uint8Array.from(bytes) : undefined,
  };
}

export function hashOf(args: unknown): string {
  const { hash } = record(args);
  if (typeof hash !== 'string') throw notOurs('quarantine_release');
  return hash;
}

export function failureOf(args: unknown): ChildFailure {
  const { code, message } = record(args);
  return { code: String(code), message: String(message) };
}

export function doorOf(args: unknown): string {
  const { door } = record(args);
  if (typeof door !== 'string') throw notOurs('serving');
  return door;
}
