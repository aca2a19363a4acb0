/**
 * What one sender to shards knows of suspects and of the quarantine, and how it sends a suspect: alone, one at a time for each shard, when the court
 * says that no other sender tries one there. Costs nothing while nothing is suspected or refused; then a look at each item's size, and
 * a hash of those whose size is among the known.
 *
 * Invariant: what is quarantined here is not sent.
 */
import { EngineError } from '../../model/error.ts';
import type { Clock } from '../../runtime/clock.ts';
import {
  type CourtAccess,
  type Exhibit,
  type QuarantineNews,
  type Standing,
  SUSPECT_COUNT_MAX,
  SUSPECT_KEPT_MS,
  SUSPECTS_OF_DEATH_MAX,
  type TrialOutcome,
  type Verdict,
} from '../quarantine.ts';
import { itemKey, sizeOfKey } from '../quarantine-key.ts';

/** Suspects of one shard that wait for their trial here. Each takes some milliseconds, so the last waits for less than its caller does. */
const WAITING_MAX = 10_000;
const RETRY_AFTER_MS = 1_000;

export interface QuarantineGuardParts {
  readonly court: CourtAccess;
  readonly clock: Clock;
  /** Whether the shard was asked to end: what breaks off then is nobody's fault. */
  readonly isStopping: (shard: number) => boolean;
}

/** What of one death was suspected, by kind: so that many calls do not crowd out items. */
interface DeathCount {
  items: number;
  calls: number;
}

export class QuarantineGuard {
  readonly #parts: QuarantineGuardParts;
  readonly #suspects = new Map<string, number>();
  readonly #refused = new Map<string, Verdict>();
  /** How many known items have this size. */
  readonly #sizes = new Map<number, number>();
  #callCount = 0;
  readonly #deaths = new Map<number, DeathCount>();
  /** By shard: the end of its queue, and how many are in it. */
  readonly #queues = new Map<number, { tail: Promise<void>; count: number }>();

  constructor(parts: QuarantineGuardParts) {
    this.#parts = parts;
  }

  /** Nothing is known of any item, or any call. */
  get isIdleOfItems(): boolean {
    return this.#sizes.size === 0;
  }

  get isIdleOfCalls(): boolean {
    return this.#callCount === 0;
  }

  get suspectCount(): number {
    return this.#suspects.size;
  }

  /** From the court. */
  use({ cleared, suspects, quarantined }: QuarantineNews): void {
    for (const key of cleared) this.#forget(key);
    for (const key of suspects) this.#suspect(key);
    for (const verdict of quarantined) {
      this.#forget(verdict.hash);
      this.#refused.set(verdict.hash, verdict);
      this.#count(verdict.hash, 1);
    }
  }

  /** The shard is there again: its next death is another. */
  cameUp(shard: number): void {
    this.#deaths.delete(shard);
  }

  /** These were under way when the link to the shard, or from it to another, broke. */
  died(shard: number, keys: readonly string[]): void {
    const { court, isStopping } = this.#parts;
    if (keys.length === 0 || isStopping(shard)) return;
    let death = this.#deaths.get(shard);
    if (death === undefined) {
      death = { items: 0, calls: 0 };
      this.#deaths.set(shard, death);
    }
    const kind = sizeOfKey(keys[0]) === undefined ? 'calls' : 'items';
    const taken = keys.slice(0, Math.max(0, SUSPECTS_OF_DEATH_MAX - death[kind]));
    death[kind] += taken.length;
    const fresh = taken.filter((key) => !this.#refused.has(key));
    for (const key of fresh) this.#suspect(key);
    if (fresh.length > 0) court.report(shard, fresh);
  }

  /** Of an item of those bytes; the key only where something is known of it. */
  standingOfItem(bytes: Uint8Array): { readonly standing: Standing; readonly key: string } {
    if (!this.#sizes.has(bytes.length)) return FREE;
    const key = itemKey(bytes);
    const standing = this.standing(key);
    return standing === 'free' ? FREE : { standing, key };
  }

  standing(key: string): Standing {
    const nowMs = this.#parts.clock.nowMs();
    const verdict = this.#refused.get(key);
    if (verdict !== undefined) {
      if (verdict.untilMs === undefined || verdict.untilMs > nowMs) return 'quarantined';
      this.#forget(key);
      return 'free';
    }
    const atMs = this.#suspects.get(key);
    if (atMs === undefined) return 'free';
    if (nowMs - atMs < SUSPECT_KEPT_MS) return 'suspect';
    this.#forget(key);
    return 'free';
  }

  /** Why it is refused. */
  refusal(key: string): EngineError {
    const verdict = this.#refused.get(key);
    const where = verdict === undefined ? 'a shard' : `shard ${verdict.shard}`;
    const when = verdict === undefined ? '' : ` at ${new Date(verdict.atMs).toISOString()}`;
    const until =
      verdict?.untilMs === undefined ? '' : `; it may be asked again after ${new Date(verdict.untilMs).toISOString()}`;
    const message = `${where} died when it had this in hand, and again${when} when it had this alone; operators find it as ${key} in the quarantine list (kith cluster quarantine)${until}`;
    return new EngineError('quarantined', message, { details: { hash: key } });
  }

  /**
   * Sends a suspect, alone. `attempt` is the one call; `outcomeOf` says what its answer means for the suspect. Errors: those of the attempt;
   * quarantined; overloaded, shard_unavailable when it cannot be tried now.
   */
  async alone<T>(
    shard: number,
    key: string,
    attempt: () => Promise<T>,
    outcomeOf: (told: T) => TrialOutcome,
    exhibit: () => Exhibit,
    isHere: boolean,
  ): Promise<T> {
    const leave = await this.#turn(shard);
    try {
      let standing = this.standing(key);
      if (standing === 'suspect') {
        // The court hears of it now where nobody could say it later.
        standing = await this.#parts.court.begin(shard, key, isHere ? exhibit() : undefined);
        if (standing === 'free') this.#forget(key);
      }
      if (standing === 'quarantined') throw this.refusal(key);
      if (standing === 'free') {
        leave();
        return await attempt();
      }
      return await this.#try(shard, key, attempt, outcomeOf, exhibit);
    } finally {
      leave();
    }
  }

  async #try<T>(
    shard: number,
    key: string,
    attempt: () => Promise<T>,
    outcomeOf: (told: T) => TrialOutcome,
    exhibit: () => Exhibit,
  ): Promise<T> {
    const { court } = this.#parts;
    let outcome: TrialOutcome = 'unsettled';
    try {
      const told = await attempt();
      outcome = outcomeOf(told);
      if (outcome === 'answered') this.#forget(key);
      return told;
    } catch (error) {
      if (isLoss(error)) outcome = 'lost';
      // It was answered, and whatever is wrong with it did not kill.
      else if (error instanceof EngineError && error.status < 500 && error.status !== 429) outcome = 'answered';
      throw error;
    } finally {
      const isLost = outcome === 'lost' || outcome === 'lost_elsewhere';
      court.end({ shard, hash: key, outcome, exhibit: isLost ? exhibit() : undefined });
    }
  }

  /** Resolves when those before it have left, with how to leave. */
  async #turn(shard: number): Promise<() => void> {
    let queue = this.#queues.get(shard);
    if (queue === undefined) {
      queue = { tail: Promise.resolve(), count: 0 };
      this.#queues.set(shard, queue);
    }
    if (queue.count >= WAITING_MAX) {
      const message = `${WAITING_MAX} that shard ${shard} may have died of wait to be tried one by one`;
      throw new EngineError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    const own = queue;
    own.count += 1;
    let isOut = false;
    let resolve: () => void = () => undefined;
    const before = own.tail;
    own.tail = new Promise((done) => {
      resolve = done;
    });
    await before;
    return () => {
      if (isOut) return;
      isOut = true;
      own.count -= 1;
      if (own.count === 0) this.#queues.delete(shard);
      resolve();
    };
  }

  #suspect(key: string): void {
    if (this.#refused.has(key)) return;
    if (this.#suspects.delete(key)) this.#count(key, -1);
    this.#suspects.set(key, this.#parts.clock.nowMs());
    this.#count(key, 1);
    for (const oldest of this.#suspects.keys()) {
      if (this.#suspects.size <= SUSPECT_COUNT_MAX) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    if (this.#suspects.delete(key)) this.#count(key, -1);
    if (this.#refused.delete(key)) this.#count(key, -1);
  }

  #count(key: string, change: 1 | -1): void {
    const size = sizeOfKey(key);
    if (size === undefined) {
      this.#callCount += change;
      return;
    }
    const count = (this.#sizes.get(size) ?? 0) + change;
    if (count > 0) this.#sizes.set(size, count);
    else this.#sizes.delete(size);
  }
}

const FREE = { standing: 'free', key: '' } as const;

/** The call was sent, and the link broke before it was answered. */
export function isLoss(error: unknown): boolean {
  return error instanceof EngineError && error.details?.['isUnknownOutcome'] === true;
}
