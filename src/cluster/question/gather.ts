/**
 * Answers out of the parts of shards in other processes, equal to what one engine with the same shards answers. Every shard answers as of one
 * instant of its own; `now` is the same for all.
 */
import { type CancelSignal, CancelSource, timeLimitReached } from '../../base/cancel-source.ts';
import { answererOf } from '../../engine/answer/answerer.ts';
import { assertOfShards, DEFAULT_TIMEOUT_MS } from '../../engine/answer/ask-options.ts';
import type { AskedQuestion } from '../../engine/answer/asked-question.ts';
import type { IdList } from '../../engine/answer/id-list.ts';
import { selectIds } from '../../engine/answer/page.ts';
import { EngineError } from '../../model/error.ts';
import type { AnswerBody, QueryPlan } from '../../model/query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import { LostShard, PortQuestion, StepsUnderWay } from './port-question.ts';
import type { QuestionPort } from './question-port.ts';

/** Most steps are over in a moment: only then are others held back. */
const TRIES_BEFORE_FENCE = 2;
/** A fence ends by itself after a second, maybe before the slowest shard has raised its own: then others are raised. */
const TRIES_BETWEEN_FENCES = 8;
export const TRIES_MAX = 32;
export const PAUSE_MS = 2;

export interface GatherOptions {
  /** What all shards take for now. */
  readonly nowMs: number;
  readonly clock: Clock;
  readonly signal?: CancelSignal | undefined;
  /** Absent = the request's, or the default. */
  readonly timeoutMs?: number | undefined;
  /** Answers without the shards that fail as `shard_unavailable`, and names them. */
  readonly allowMissing?: boolean | undefined;
  /** Whether the ports know what the conditions on accounts come to; else such are refused. */
  readonly hasAccounts?: boolean | undefined;
}

export interface Gathered<Body> {
  readonly body: Body;
  /** Applied `seq` per shard that the answer includes; 0 of one that is missing. */
  readonly watermark: readonly number[];
  readonly plan?: QueryPlan | undefined;
  /** Indexes of shards that the answer leaves out, ascending. */
  readonly missing?: readonly number[] | undefined;
}

/**
 * One port a shard, in their order. Saved segments of the request are in place of their keys. Errors: those of a question; shard_unavailable.
 * Accounts, unless `hasAccounts`: query_unsupported.
 */
export function gatherAnswer(
  request: CheckedRequest,
  ports: readonly QuestionPort[],
  options: GatherOptions,
): Promise<Gathered<AnswerBody>> {
  return gatherWith(answererOf(request.as ?? 'count'), request, ports, options);
}

/** A page of ids that need not become texts: for `idsJson`. Errors: as of `gatherAnswer`. */
export function gatherIds(
  request: CheckedRequest,
  ports: readonly QuestionPort[],
  options: GatherOptions,
): Promise<Gathered<{ readonly items: readonly IdList[]; readonly cursor: string | undefined }>> {
  return gatherWith(selectIds, request, ports, options);
}

export async function gatherWith<Body>(
  answerer: (question: AskedQuestion) => Promise<Body>,
  request: CheckedRequest,
  ports: readonly QuestionPort[],
  options: GatherOptions,
): Promise<Gathered<Body>> {
  const { nowMs, clock, signal, timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS, allowMissing = false } = options;
  if (options.hasAccounts !== true) assertOfShards(request);
  const startedMs = clock.monotonicMs();
  const controller = new CancelSource();
  const leave = (): void => controller.abort(signal?.reason);
  const expire = (): void => controller.abort(timeLimitReached());
  if (signal?.aborted === true) leave();
  signal?.addEventListener('abort', leave, { once: true });
  const stopTimer = clock.after(timeoutMs, expire);
  const missing = new Set<number>();
  let tries = 0;
  let lower = (): void => {};
  try {
    for (;;) {
      const leftMs = Math.max(1, Math.ceil(timeoutMs - (clock.monotonicMs() - startedMs)));
      const parts = { ports, missing, allowMissing, clock, nowMs, timeoutMs: leftMs, signal: controller.signal };
      const question = new PortQuestion(request, parts);
      try {
        const body = await answerer(question);
        const plan = question.plan();
        return {
          body,
          watermark: question.watermark,
          ...(plan === undefined ? {} : { plan }),
          ...(missing.size === 0 ? {} : { missing: [...missing].sort((a, b) => a - b) }),
        };
      } catch (error) {
        if (error instanceof StepsUnderWay) {
          tries += 1;
          if (needsFence(tries)) lower = await raiseAnew(lower, ports, missing, controller.signal);
          if (tries > TRIES_MAX) throw movingAllTheTime();
          await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
          continue;
        }
        if (!(error instanceof LostShard)) throw error;
        missing.add(error.index);
        // Lost on the way: the others are asked again, so that all halves of the answer are without it.
        if (!allowMissing || missing.size === ports.length) throw error.cause;
      }
    }
  } finally {
    lower();
    stopTimer();
    signal?.removeEventListener('abort', leave);
  }
}

/** Whether fences are raised after so many tries that did not fit. */
export function needsFence(tries: number): boolean {
  return tries % TRIES_BETWEEN_FENCES === TRIES_BEFORE_FENCE;
}

/** Lowers what was raised before when the new ones are up, so that nothing slips through between; gives what ends them. */
export async function raiseAnew(
  lowerOld: () => void,
  ports: readonly QuestionPort[],
  missing: ReadonlySet<number>,
  signal: CancelSignal,
): Promise<() => void> {
  const lower = await raiseFences(ports, missing, signal);
  lowerOld();
  return lower;
}

/** Holds back steps at every shard that can; gives what ends it. */
async function raiseFences(
  ports: readonly QuestionPort[],
  missing: ReadonlySet<number>,
  signal: CancelSignal,
): Promise<() => void> {
  const raised: (() => void)[] = [];
  await Promise.allSettled(
    ports.map(async (port, index) => {
      if (missing.has(index) || port.raise === undefined) return;
      const fence = await port.raise(signal);
      raised.push(() => port.lower?.(fence));
    }),
  );
  return () => {
    for (const lower of raised) lower();
  };
}

export function movingAllTheTime(): EngineError {
  return new EngineError('overloaded', 'profiles were moving between shards all the time; ask again', {
    retryAfterMs: 1_000,
  });
}
