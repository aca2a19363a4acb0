/** What an engine is opened with; all of it has a default. What types tell a TypeScript caller is told to the others when they open. */
import { nearestWord } from '../base/nearest-word.ts';
import { EngineError } from '../model/error.ts';
import type { IdentitySettings } from '../model/identity.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits } from '../model/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ShardStorage } from '../storage/contract.ts';

export interface OpenOptions {
  /** Folder of the log and the checkpoints, default `./data`; `:memory:` keeps nothing on disk. */
  readonly data?: string | undefined;
  /** Parts that the profiles are split into; fixed when the folder is made. Default: what the folder has, else 1. */
  readonly shards?: number | undefined;
  /** Threads for scans; 0 or absent = one less than the cores, at least one. */
  readonly workers?: number | undefined;
  /** Past it ingest is refused with `memory_limit`. Default 70 % of the machine's memory. */
  readonly memoryLimitBytes?: number | undefined;
  /** How long a messageId is remembered for de-duplication (default 24 h), and how many at most over all shards (default 4 million). */
  readonly dedupWindowMs?: number | undefined;
  readonly dedupCount?: number | undefined;
  /** Least time between two log commits under load, default 2. */
  readonly commitDelayMs?: number | undefined;
  /** Time between checkpoints, default 5 min; 0 = only at close and by `checkpoint()`. */
  readonly checkpointIntervalMs?: number | undefined;
  /** How far back the history of traits reaches; 0 or absent = all of it. */
  readonly historyRetentionMs?: number | undefined;
  readonly limits?: Partial<IngestLimits> | undefined;
  /** The rules by which identifiers bring people together; absent = those of the folder, else the defaults. */
  readonly identity?: IdentitySettings | undefined;
  /** Memory for rendered profiles over all shards, default 256 MiB. */
  readonly cacheSizeBytes?: number | undefined;
  /** For tests and simulations. */
  readonly clock?: Partial<Clock> | undefined;
  readonly random?: RandomSource | undefined;
  /** Storage per shard index, in place of `data`; for tests and simulations. */
  readonly storage?: ((shardIndex: number) => ShardStorage | Promise<ShardStorage>) | undefined;
}

const SHARD_COUNT_MAX = 1_024;

type Check = 'any' | 'size' | readonly [min: number, max: number];

/** `size`: a number 0 or more; two numbers: a whole one between them. */
const CHECKS: Readonly<Record<keyof OpenOptions, Check>> = {
  data: 'any',
  shards: [1, SHARD_COUNT_MAX],
  workers: [0, 1_024],
  memoryLimitBytes: 'size',
  dedupWindowMs: 'size',
  dedupCount: [0, Number.MAX_SAFE_INTEGER],
  commitDelayMs: 'size',
  checkpointIntervalMs: 'size',
  historyRetentionMs: 'size',
  limits: 'any',
  identity: 'any',
  cacheSizeBytes: 'size',
  clock: 'any',
  random: 'any',
  storage: 'any',
};

/** Errors: invalid_request. */
export function checkOpenOptions(options: OpenOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new EngineError('invalid_request', 'open takes an object of options, such as { data: "./data" }');
  }
  checkNumbers('option', CHECKS, options);
  const limits = Object.keys(DEFAULT_INGEST_LIMITS).map((name): [string, Check] => [name, 'size']);
  checkNumbers('limit', Object.fromEntries(limits), options.limits ?? {});
  if (options.data === undefined || (typeof options.data === 'string' && options.data !== '')) return;
  throw new EngineError('invalid_request', 'the option data must be the path of a folder, or ":memory:"');
}

function checkNumbers(kind: string, checks: Readonly<Record<string, Check>>, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(checks, name)) {
      const nearest = nearestWord(name, Object.keys(checks));
      const hint = nearest === undefined ? `there are ${Object.keys(checks).join(', ')}` : `did you mean ${nearest}?`;
      throw new EngineError('invalid_request', `no ${kind} ${JSON.stringify(name)}; ${hint}`);
    }
    const check = checks[name];
    if (check === 'any' || value === undefined) continue;
    const [min, max] = check === 'size' ? [0, Number.POSITIVE_INFINITY] : check;
    const isWhole = check === 'size' || Number.isInteger(value);
    if (typeof value === 'number' && isWhole && value >= min && value <= max) continue;
    const range = max >= Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    throw new EngineError('invalid_request', `the ${kind} ${name} must be a number, ${range}, not ${String(value)}`);
  }
}
