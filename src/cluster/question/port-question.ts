/**
 * A question to shards of other processes: parts come over as plain data, are unpacked here, and are merged by the code that merges those of
 * one process.
 *
 * Invariant: whatever was opened at a shard is closed again, also what opens after the question has failed.
 */

import { assert } from '../../base/assert.ts';
import { type CancelSignal, CancelSource } from '../../base/cancel-source.ts';
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { EVERYONE } from '../../engine/answer/ask-options.ts';
import type { AskedQuestion, Population, Sample } from '../../engine/answer/asked-question.ts';
import { isConsistent } from '../../engine/answer/cut.ts';
import { type Load, type ParcelHead, unparcel } from '../../engine/answer/parcel.ts';
import type { PartKind, Place, Plain } from '../../engine/answer/part-kind.ts';
import type { PartAnswer, PartRequest, PopulationPart, SampleAsk } from '../../engine/answer/part-server.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import type { QueryPlan } from '../../model/query.ts';
import { assertGoing, cancellation } from '../../query/execution/cancellation.ts';
import { planOf } from '../../query/execution/explain.ts';
import { inSlices, Pace, type Spend } from '../../query/execution/pace.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { QuestionPort } from './question-port.ts';

export interface PortQuestionParts {
  readonly ports: readonly QuestionPort[];
  /** Indexes of shards that are not asked; those that fail to open are added where they may be left out. */
  readonly missing: Set<number>;
  readonly allowMissing: boolean;
  readonly clock: Clock;
  readonly nowMs: number;
  /** What is left of it. */
  readonly timeoutMs: number;
  readonly signal: CancelSignal;
}

/** A shard that could not be asked. */
export class LostShard extends Error {
  readonly index: number;
  override readonly cause: EngineError;

  constructor(index: number, cause: EngineError) {
    super(`shard ${index} could not be asked: ${cause.message}`);
    this.index = index;
    this.cause = cause;
  }
}

/** Profiles were on their way between shards when these were asked: the parts do not fit together. */
export class StepsUnderWay extends Error {}

interface Opened {
  readonly place: Place;
  readonly port: QuestionPort;
  readonly answer: PartAnswer;
}

export class PortQuestion implements AskedQuestion {
  readonly request: CheckedRequest;
  readonly where: Expression;
  readonly nowMs: number;
  readonly #parts: PortQuestionParts;
  readonly #pace = new Pace();
  /** Ends everything that is under way. */
  readonly #controller = new CancelSource();
  /** What the question failed with first; others only failed because of it. */
  #failure: { readonly error: unknown } | undefined;
  #watermark: readonly number[] | undefined;
  readonly #plans: (readonly QueryPlan[])[] = [];

  constructor(request: CheckedRequest, parts: PortQuestionParts) {
    this.request = request;
    this.where = request.where ?? EVERYONE;
    this.nowMs = request.at === undefined ? parts.nowMs : parseIsoDateMs(request.at);
    this.#parts = parts;
  }

  get shardCount(): number {
    return this.#parts.ports.length;
  }

  /** Applied `seq` per shard that the answer includes: nothing of a shard that is left out. */
  get watermark(): readonly number[] {
    assert(this.#watermark !== undefined, 'the watermark of a question that was answered');
    return this.#watermark;
  }

  plan(): QueryPlan | undefined {
    return planOf(this.#plans);
  }

  yieldTurn(): Promise<void> {
    return this.#parts.clock.yieldTurn();
  }

  gather<Part, Packed extends Plain, R>(
    kind: PartKind<Part, Packed>,
    merge: (parts: readonly Part[], spend: Spend) => R | Promise<R>,
  ): Promise<R> {
    const { mode: _, ...exact } = this.request;
    return this.#asking(exact, async (opened) => {
      const spend: Spend = (costNs) => this.#spend(costNs);
      const parts: Part[] = [];
      for (const each of opened) {
        const packed = (await this.#unparcel(each, each.answer.part, 0)) as Packed;
        parts.push(
          await inSlices(
            kind.unpack(packed, each.place, (ask) => this.#further(each, ask)),
            spend,
          ),
        );
      }
      const plans = opened.flatMap(({ answer }) => answer.plan ?? []);
      if (plans.length > 0) this.#plans.push(plans);
      return merge(parts, spend);
    });
  }

  sampling<R>(estimate: (population: Population, sample: Sample) => Promise<R>): Promise<R> {
    return this.#asking(this.request, async (opened) => {
      const populations: PopulationPart[] = [];
      for (const each of opened) populations.push((await this.#unparcel(each, each.answer.part, 0)) as PopulationPart);
      const population: Population = {
        sizes: populations.map(({ size }) => size),
        isAnsweredByBitmaps: populations.every(({ isAnsweredByBitmaps }) => isAnsweredByBitmaps),
      };
      return estimate(population, (counts, seed) => {
        const samples = opened.map((each, i) => {
          const ask: SampleAsk = { count: counts[i], seed: seed + i };
          return this.#further(each, ask) as Promise<number>;
        });
        return Promise.all(samples);
      });
    });
  }

  /** Opens every shard's part for as long as `work` takes. */
  async #asking<R>(request: CheckedRequest, work: (opened: readonly Opened[]) => Promise<R>): Promise<R> {
    const { ports, missing, nowMs, timeoutMs, signal } = this.#parts;
    const count = ports.length;
    const handles: { readonly port: QuestionPort; readonly handle: number }[] = [];
    let isOver = false;
    const open = async (port: QuestionPort, index: number): Promise<Opened> => {
      const place: Place = { index, count };
      const asked: PartRequest = { request, nowMs, timeoutMs, place };
      const answer = await port.open(asked, this.#controller.signal);
      const { handle } = answer;
      if (handle !== undefined && isOver) port.close(handle);
      else if (handle !== undefined) handles.push({ port, handle });
      return { place, port, answer };
    };
    const leave = (): void => this.#fail(cancellation(signal));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      const asked = ports.map((port, index) =>
        missing.has(index) ? [] : this.#opened(index, () => open(port, index)),
      );
      const opened = (await Promise.all(asked)).flat();
      if (!isConsistent(new Map(opened.map(({ place, answer }) => [place.index, answer.cut]))))
        throw new StepsUnderWay();
      this.#watermark ??= watermarkOf(count, opened);
      return await work(opened);
    } catch (error) {
      this.#fail(error);
      throw this.#failure!.error;
    } finally {
      isOver = true;
      signal.removeEventListener('abort', leave);
      for (const { port, handle } of handles) port.close(handle);
    }
  }

  async #further(opened: Opened, ask: Plain): Promise<Plain> {
    const { place, port, answer } = opened;
    const found = await this.#call(place.index, () => port.further(answer.handle!, { ask }, this.#controller.signal));
    assert('part' in found, 'what is asked further is answered by a part');
    return this.#unparcel(opened, found.part, found.parcel);
  }

  #unparcel({ place, port, answer }: Opened, head: ParcelHead, parcel: number): Promise<Plain> {
    return unparcel(head, async (load): Promise<Load> => {
      const { signal } = this.#controller;
      const found = await this.#call(place.index, () => port.further(answer.handle!, { parcel, load }, signal));
      assert('load' in found, 'a load that is asked for is answered by one');
      return found.load;
    });
  }

  /** None where the shard may be left out, and has to. */
  async #opened(index: number, open: () => Promise<Opened>): Promise<readonly Opened[]> {
    const { missing, allowMissing, ports } = this.#parts;
    const opened = await this.#call(index, async () => {
      try {
        return await open();
      } catch (error) {
        if (!allowMissing || !isLost(error) || missing.size === ports.length - 1) throw error;
        missing.add(index);
        return undefined;
      }
    });
    return opened === undefined ? [] : [opened];
  }

  /** A call that ends when the question does, whatever becomes of it; when it fails, so does the question. */
  async #call<T>(index: number, call: () => Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    if (this.#failure !== undefined) throw this.#failure.error;
    let stop: (() => void) | undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(this.#failure?.error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([call(), stopped]);
    } catch (error) {
      this.#fail(isLost(error) ? new LostShard(index, error) : error);
      throw this.#failure!.error;
    } finally {
      signal.removeEventListener('abort', stop!);
    }
  }

  /** The first failure ends everything else. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#controller.abort();
  }

  #spend(costNs: number): Promise<void> | undefined {
    if (!this.#pace.spend(costNs)) return undefined;
    return this.yieldTurn().then(() => assertGoing(this.#parts.signal));
  }
}

function isLost(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'shard_unavailable';
}

function watermarkOf(shardCount: number, opened: readonly Opened[]): readonly number[] {
  const watermark = new Array<number>(shardCount).fill(0);
  for (const { place, answer } of opened) watermark[place.index] = answer.watermark;
  return watermark;
}
