/**
 * A shard's side of questions that are gathered in another process: it answers its part, and keeps what may still be asked of it, as of the same
 * instant, under a handle.
 *
 * Invariant: handles are bounded in number, end with their question's time limit, and none is given twice, not over restarts either; so who
 * asks a handle gets the part that was opened, or an error.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import type { QueryPlan } from '../../model/query.ts';
import type { Memberships } from '../../query/binder/membership.ts';
import { inSlices } from '../../query/execution/pace.ts';
import { askTogether, type SelectOptions, type ShardQuery } from '../../query/execution/shard-query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { AccountSet } from '../account/account-set.ts';
import { ShardAccounts } from '../account/shard-accounts.ts';
import type { AnsweringShard } from './answering-shard.ts';
import { askOptions, assertOfShards, conditionsOf, EVERYONE } from './ask-options.ts';
import { type Cut, cutOf } from './cut.ts';
import type { FurtherAnswer, FurtherAsk } from './further.ts';
import { withKind } from './kind-of.ts';
import { OpenPart, type Served } from './open-part.ts';
import type { ParcelHead } from './parcel.ts';
import type { PartKind, Place, Plain } from './part-kind.ts';

/** A question as it comes to a shard's process. */
export interface PartRequest {
  /** Saved segments are in place of their keys. */
  readonly request: CheckedRequest;
  /** The time of the question: one for all shards. */
  readonly nowMs: number;
  readonly timeoutMs: number;
  readonly place: Place;
  /** Of the leaves about accounts, in their order: those that fit. */
  readonly accounts?: readonly AccountSet[] | undefined;
  /** Asks for no answer, but for the accounts of those who fit and of those who do not. */
  readonly asksFits?: boolean | undefined;
}

/** What stands in place of the request's condition, with the rows of what no shard answers alone. */
export interface PreparedCondition {
  readonly where: Expression;
  readonly memberships: Memberships | undefined;
}

export interface PartAnswer {
  readonly part: ParcelHead;
  /** Applied `seq` that the part includes. */
  readonly watermark: number;
  readonly cut: Cut;
  /** Where the request says `explain`. */
  readonly plan?: QueryPlan | undefined;
  /** Under which there is more; to be closed. */
  readonly handle?: number | undefined;
}

/** What the shard that estimates is asked first: how many it has, and then samples. */
export interface PopulationPart {
  readonly size: number;
  readonly isAnsweredByBitmaps: boolean;
}
export interface SampleAsk {
  readonly count: number;
  readonly seed: number;
}

export interface PartServerParts {
  readonly shard: AnsweringShard;
  readonly query: ShardQuery;
  readonly clock: Clock;
  /** Whether traits are known as of the moment. Errors: history_not_kept. */
  readonly assertKept?: ((atMs: number) => void) | undefined;
}

/** Questions under way that have more to give. */
const HANDLE_COUNT_MAX = 1_024;
const RETRY_AFTER_MS = 1_000;
/** Handles begin at the time: no two starts of a process in one millisecond, and none gives so many in one. */
const HANDLES_PER_MS = 4_096;

export class PartServer {
  readonly accounts: ShardAccounts;
  readonly #parts: PartServerParts;
  readonly #open = new Map<number, OpenPart>();
  #nextHandle: number;

  constructor(parts: PartServerParts) {
    this.#parts = parts;
    this.accounts = new ShardAccounts(parts.shard.data, parts.clock);
    this.#nextHandle = parts.clock.nowMs() * HANDLES_PER_MS;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** `prepared`: absent = the request's own condition. Errors: those of a question; overloaded. */
  async open(asked: PartRequest, signal?: CancelSignal, prepared?: PreparedCondition): Promise<PartAnswer> {
    const { request, timeoutMs, accounts } = asked;
    if (accounts === undefined && prepared === undefined) assertOfShards(request);
    if (this.#open.size >= HANDLE_COUNT_MAX) {
      const message = `${HANDLE_COUNT_MAX} questions are under way already; ask again later`;
      throw new EngineError('overloaded', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    const handle = this.#nextHandle++;
    const part = new OpenPart();
    const stopTimer = this.#parts.clock.after(timeoutMs, () => part.expire());
    this.#open.set(handle, part);
    part.onClosed(() => {
      stopTimer();
      this.#open.delete(handle);
    });
    try {
      const served = await part.during(signal, () => this.#serve(asked, part, prepared));
      const head = part.hold(served);
      const { watermark, cut, plan } = served;
      if (!part.hasMore) part.close();
      return { part: head, watermark, cut, plan, handle: part.hasMore ? handle : undefined };
    } catch (error) {
      part.close();
      throw error;
    }
  }

  /** Errors: those of a question; shard_unavailable where there is no such handle (any more). */
  async further(handle: number, ask: FurtherAsk, signal?: CancelSignal): Promise<FurtherAnswer> {
    const part = this.#open.get(handle);
    if (part === undefined) {
      const message = 'the shard does not have this part of the question any more; ask the question again';
      throw new EngineError('shard_unavailable', message, { retryAfterMs: RETRY_AFTER_MS });
    }
    return part.during(signal, () => part.further(ask));
  }

  /** Whether or not there is such a handle. */
  close(handle: number): void {
    this.#open.get(handle)?.close();
  }

  /** Lets go of everything that is open. */
  end(): void {
    for (const part of this.#open.values()) part.close();
  }

  async #serve(asked: PartRequest, part: OpenPart, prepared: PreparedCondition | undefined): Promise<Served> {
    const { request, nowMs, place, asksFits } = asked;
    const { clock, assertKept } = this.#parts;
    const { signal } = part;
    const plain = askOptions(request, { nowMs, signal, assertKept: assertKept ?? (() => {}) });
    const { accounts } = asked;
    const { where, memberships } =
      prepared ?? (accounts === undefined ? withoutAccounts(request) : await this.#prepared(request, accounts, signal));
    const options = memberships === undefined ? plain : { ...plain, memberships };
    const whole = { ...request, where };
    if (asksFits === true) {
      await this.accounts.prepare(signal);
      return this.#serveKind(this.accounts.fitKind(), whole, options, place, part);
    }
    if (request.mode === 'estimate') return this.#serveSamples(whole, options);
    return withKind(
      whole,
      () => clock.yieldTurn(),
      (kind) => this.#serveKind(kind, whole, options, place, part),
    );
  }

  async #prepared(
    request: CheckedRequest,
    sets: readonly AccountSet[],
    signal: CancelSignal,
  ): Promise<PreparedCondition> {
    const memberships = await this.accounts.memberships(conditionsOf(request), sets, signal);
    return { ...withoutAccounts(request), memberships };
  }

  async #serveSamples({ where = EVERYONE }: CheckedRequest, options: SelectOptions): Promise<Served> {
    const { shard, query } = this.#parts;
    const population: PopulationPart = {
      size: shard.data.profileCount,
      isAnsweredByBitmaps: query.isAnsweredByBitmaps(where, options),
    };
    const sample = (ask: Plain): Promise<Plain> => {
      const { count, seed } = ask as SampleAsk;
      return query.sample(where, options, count, seed);
    };
    return {
      packed: population,
      watermark: shard.appliedSeq,
      cut: cutOf(shard.data),
      plan: undefined,
      further: sample,
    };
  }

  /** Gives the part as soon as it is there; its question stays open with it, and so can be cancelled and run out of time. */
  #serveKind<Part, Packed extends Plain>(
    kind: PartKind<Part, Packed>,
    { where = EVERYONE, explain }: CheckedRequest,
    options: SelectOptions,
    place: Place,
    open: OpenPart,
  ): Promise<Served> {
    const { shard, query } = this.#parts;
    return new Promise((resolve, reject) => {
      let watermark = 0;
      let cut: Cut = { handedOver: [], arrived: [] };
      let plan: (() => QueryPlan) | undefined;
      const explained: SelectOptions = {
        ...options,
        explain: (selection) => {
          plan = () => selection.plan();
        },
      };
      const question = query.question(where, explain === true ? explained : options, (instant) =>
        kind.capture(instant, shard, place),
      );
      askTogether(
        [question],
        async ([part], spend) => {
          const packed = await inSlices(kind.pack(part), spend);
          question.leaveLine();
          const further = kind.further?.bind(undefined, part);
          resolve({
            packed,
            watermark,
            cut,
            plan: plan?.(),
            further: further === undefined ? undefined : (ask) => further(ask, spend),
          });
          await open.closed;
        },
        () => {
          watermark = shard.appliedSeq;
          cut = cutOf(shard.data);
        },
      ).catch(reject);
    });
  }
}

function withoutAccounts({ where = EVERYONE }: CheckedRequest): PreparedCondition {
  return { where, memberships: undefined };
}
