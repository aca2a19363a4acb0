/**
 * Judges suspects: hears from all who send to shards what was under way when one died, lets them try one at a time, and knows how each shard's
 * process ended. Pure but for its clock; the supervisor has one.
 *
 * Invariants: at most one trial a shard, whoever holds it. Only a death during its own trial tells against a suspect: a crash at once; what
 * may be somebody else's doing (a signal from outside, the death of a shard further on where another trial was under way) when it happens
 * `DOUBTFUL_DEATHS` times. All that is kept is bounded.
 */
import { EngineError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import {
  type Exhibit,
  type QuarantineNews,
  type QuarantineRecord,
  type ShardEnd,
  type Standing,
  SUSPECT_COUNT_MAX,
  SUSPECT_KEPT_MS,
  type TrialEnd,
  type Verdict,
} from './quarantine.ts';

export interface QuarantineCourtOptions {
  readonly clock: Clock;
  /** From earlier starts. */
  readonly kept: readonly QuarantineRecord[];
  /** For everybody who sends to shards. */
  onNews(news: QuarantineNews): void;
  onQuarantined(record: QuarantineRecord): void;
  /** What is to outlive this process, whole. */
  keep(records: readonly QuarantineRecord[]): void;
}

const DOUBTFUL_DEATHS = 3;
/** Between the end of a process and the word of who called it, either way. */
const END_WAIT_MS = 5_000;
/** Calls may hang on what is there at the time: they are let go by themselves. */
const CALL_KEPT_MS = 300_000;
const RECORD_COUNT_MAX = 1_000;
const RECORD_BYTES_MAX = 16 * 2 ** 20;
/** One for each process that sends would do. */
const WAITING_MAX = 4_096;

interface Suspect {
  readonly atMs: number;
  readonly doubtfulDeaths: number;
}

interface Trial {
  readonly holder: string;
  readonly shard: number;
  readonly hash: string;
  exhibit: Exhibit | undefined;
  outcome: 'lost' | 'lost_elsewhere' | undefined;
  /** Of the shard where it is tried, and of one further on. */
  ownEnd: ShardEnd | undefined;
  fartherEnd: ShardEnd | undefined;
  fartherShard: number;
  cancel: () => void;
}

interface Waiting {
  readonly holder: string;
  readonly hash: string;
  readonly exhibit: Exhibit | undefined;
  readonly resolve: (standing: Standing) => void;
  readonly reject: (error: Error) => void;
}

/** Who dies with the shard when it tries something on it. */
export function holderOfShard(shard: number): string {
  return `shard ${shard}`;
}

export class QuarantineCourt {
  readonly #options: QuarantineCourtOptions;
  readonly #suspects = new Map<string, Suspect>();
  readonly #records = new Map<string, QuarantineRecord>();
  readonly #trials = new Map<number, Trial>();
  readonly #waiting = new Map<number, Waiting[]>();
  #recordBytes = 0;

  constructor(options: QuarantineCourtOptions) {
    this.#options = options;
    for (const record of options.kept) this.#add(record);
  }

  /** What is refused now. */
  get count(): number {
    this.#expire();
    return this.#records.size;
  }

  get suspectCount(): number {
    return this.#suspects.size;
  }

  /** The newest last. */
  records(): readonly QuarantineRecord[] {
    this.#expire();
    return [...this.#records.values()];
  }

  /** All that one who begins to send must know. */
  snapshot(): QuarantineNews {
    this.#expire();
    return {
      cleared: [],
      suspects: [...this.#suspects.keys()],
      quarantined: [...this.#records.values()].map(verdictOf),
    };
  }

  standing(hash: string): Standing {
    this.#expire();
    if (this.#records.has(hash)) return 'quarantined';
    return this.#suspects.has(hash) ? 'suspect' : 'free';
  }

  /** They were under way at a shard when it died. */
  report(hashes: readonly string[]): void {
    this.#expire();
    const atMs = this.#options.clock.nowMs();
    const suspects = hashes.filter((hash) => !this.#records.has(hash));
    for (const hash of suspects) {
      const doubtfulDeaths = this.#suspects.get(hash)?.doubtfulDeaths ?? 0;
      this.#suspects.delete(hash);
      this.#suspects.set(hash, { atMs, doubtfulDeaths });
    }
    for (const hash of this.#suspects.keys()) {
      if (this.#suspects.size <= SUSPECT_COUNT_MAX) break;
      this.#suspects.delete(hash);
    }
    if (suspects.length > 0) this.#tell({ suspects });
  }

  /** Errors: overloaded; shard_unavailable when the holder has ended meanwhile. */
  begin(holder: string, shard: number, hash: string, exhibit?: Exhibit): Promise<Standing> {
    const standing = this.standing(hash);
    if (standing !== 'suspect') return Promise.resolve(standing);
    if (!this.#trials.has(shard)) {
      this.#open(holder, shard, hash, exhibit);
      return Promise.resolve(standing);
    }
    const waiting = this.#waiting.get(shard) ?? [];
    if (waiting.length >= WAITING_MAX) {
      const message = `${WAITING_MAX} wait to be tried at shard ${shard}`;
      return Promise.reject(new EngineError('overloaded', message, { retryAfterMs: 1_000 }));
    }
    this.#waiting.set(shard, waiting);
    return new Promise((resolve, reject) => waiting.push({ holder, hash, exhibit, resolve, reject }));
  }

  /** Of a trial that the holder has; anything else is passed over. */
  end(holder: string, { shard, hash, outcome, exhibit }: TrialEnd): void {
    const trial = this.#trials.get(shard);
    if (trial === undefined || trial.holder !== holder || trial.hash !== hash || trial.outcome !== undefined) return;
    if (outcome === 'unsettled') return this.#close(trial);
    if (outcome === 'answered') {
      this.#suspects.delete(hash);
      this.#tell({ cleared: [hash] });
      return this.#close(trial);
    }
    trial.outcome = outcome;
    trial.exhibit = exhibit ?? trial.exhibit;
    this.#settle(trial);
  }

  /** A shard's process is no more. */
  shardEnded(shard: number, end: ShardEnd): void {
    const own = this.#trials.get(shard);
    if (own !== undefined) {
      own.ownEnd = end;
      if (own.holder === holderOfShard(shard)) own.outcome = 'lost';
      this.#settle(own);
    }
    for (const trial of [...this.#trials.values()]) {
      if (trial.shard === shard || trial.fartherEnd !== undefined) continue;
      // With a trial there it need not be this one.
      trial.fartherEnd = own !== undefined && end === 'crash' ? 'killed' : end;
      trial.fartherShard = shard;
      if (trial.outcome === 'lost_elsewhere') this.#settle(trial);
    }
  }

  /** Whoever sent is no more: what it tried stays suspected. */
  holderEnded(holder: string): void {
    for (const [shard, waiting] of this.#waiting) {
      const left = waiting.filter((one) => one.holder !== holder);
      if (left.length === waiting.length) continue;
      this.#waiting.set(shard, left);
      const error = new EngineError('shard_unavailable', 'the process that asked has ended', { retryAfterMs: 1_000 });
      for (const one of waiting) if (one.holder === holder) one.reject(error);
    }
    for (const trial of [...this.#trials.values()]) if (trial.holder === holder) this.#close(trial);
  }

  /** False = nothing of that name is quarantined. */
  release(hash: string): boolean {
    this.#expire();
    const record = this.#records.get(hash);
    if (record === undefined) return false;
    this.#remove(record);
    this.#tell({ cleared: [hash] });
    this.#keep();
    return true;
  }

  #open(holder: string, shard: number, hash: string, exhibit: Exhibit | undefined): void {
    this.#trials.set(shard, {
      holder,
      shard,
      hash,
      exhibit,
      outcome: undefined,
      ownEnd: undefined,
      fartherEnd: undefined,
      fartherShard: -1,
      cancel: () => undefined,
    });
  }

  /** Judges when both are known, that it was lost and how the shard ended; else waits a little for the other. */
  #settle(trial: Trial): void {
    const { outcome, ownEnd, fartherEnd } = trial;
    const end = outcome === undefined ? undefined : outcome === 'lost' ? ownEnd : fartherEnd;
    trial.cancel();
    if (end !== undefined) this.#judge(trial, end);
    else trial.cancel = this.#options.clock.after(END_WAIT_MS, () => this.#giveUp(trial));
  }

  /** A shard passes on that one further on died: then the caller takes it for lost where it was sent, and that shard lives. */
  #giveUp(trial: Trial): void {
    const { outcome, fartherEnd } = trial;
    if (outcome !== 'lost' || fartherEnd === undefined) return this.#close(trial);
    trial.outcome = 'lost_elsewhere';
    this.#judge(trial, fartherEnd);
  }

  #judge(trial: Trial, end: ShardEnd): void {
    const { hash, outcome, shard, fartherShard } = trial;
    const known = this.#suspects.get(hash);
    if (known !== undefined && end !== 'ordered') {
      const doubtfulDeaths = known.doubtfulDeaths + (end === 'killed' ? 1 : 0);
      if (end === 'crash' || doubtfulDeaths >= DOUBTFUL_DEATHS) {
        this.#quarantine(trial, outcome === 'lost' ? shard : fartherShard);
      } else this.#suspects.set(hash, { atMs: known.atMs, doubtfulDeaths });
    }
    this.#close(trial);
  }

  #quarantine({ hash, exhibit }: Trial, shard: number): void {
    const atMs = this.#options.clock.nowMs();
    const isCall = hash.startsWith('call:');
    const unknown: Exhibit = { kind: isCall ? 'call' : 'item', what: 'unknown' };
    const untilMs = isCall ? atMs + CALL_KEPT_MS : undefined;
    const record: QuarantineRecord = { ...(exhibit ?? unknown), hash, atMs, shard, untilMs };
    this.#suspects.delete(hash);
    this.#add(record);
    const dropped = this.#dropOldest();
    this.#tell({ cleared: dropped, quarantined: [verdictOf(record)] });
    this.#options.onQuarantined(record);
    if (!isCall || dropped.length > 0) this.#keep();
  }

  #dropOldest(): string[] {
    const dropped: string[] = [];
    for (const record of this.#records.values()) {
      const isWithin = this.#records.size <= RECORD_COUNT_MAX && this.#recordBytes <= RECORD_BYTES_MAX;
      if (isWithin || this.#records.size === 1) break;
      this.#remove(record);
      dropped.push(record.hash);
    }
    return dropped;
  }

  #add(record: QuarantineRecord): void {
    this.#records.set(record.hash, record);
    this.#recordBytes += record.bytes?.length ?? 0;
  }

  #remove(record: QuarantineRecord): void {
    this.#records.delete(record.hash);
    this.#recordBytes -= record.bytes?.length ?? 0;
  }

  /** The next that waits for this shard and is suspected still takes its turn. */
  #close(trial: Trial): void {
    trial.cancel();
    const { shard } = trial;
    if (this.#trials.get(shard) !== trial) return;
    this.#trials.delete(shard);
    const waiting = this.#waiting.get(shard) ?? [];
    while (waiting.length > 0) {
      const { holder, hash, exhibit, resolve } = waiting.shift()!;
      const standing = this.standing(hash);
      if (standing === 'suspect') this.#open(holder, shard, hash, exhibit);
      resolve(standing);
      if (standing === 'suspect') return;
    }
    this.#waiting.delete(shard);
  }

  /** Suspects stand in the order of their times; of the records only calls end by themselves. */
  #expire(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [hash, { atMs }] of this.#suspects) {
      if (nowMs - atMs < SUSPECT_KEPT_MS) break;
      this.#suspects.delete(hash);
    }
    for (const record of this.#records.values()) {
      if (record.untilMs !== undefined && record.untilMs <= nowMs) this.#remove(record);
    }
  }

  #tell(news: Partial<QuarantineNews>): void {
    this.#options.onNews({ cleared: [], suspects: [], quarantined: [], ...news });
  }

  /** Calls are forgotten with the process. */
  #keep(): void {
    this.#options.keep([...this.#records.values()].filter(({ kind }) => kind === 'item'));
  }
}

function verdictOf({ hash, atMs, shard, untilMs }: QuarantineRecord): Verdict {
  return { hash, atMs, shard, untilMs };
}
