/** Lookups and queries: one frame each. They change nothing, so they may be asked again after any failure. */
import type { Attempt } from './attempt.ts';
import type { Fifo } from './fifo.ts';
import { type Answer, encodeMessage } from './frame.ts';
import type { LaneKind, Refusal } from './lane.ts';

export interface Question extends Attempt {
  readonly kind: 'get' | 'query';
  readonly fields: Readonly<Record<string, unknown>>;
  /** Throws nothing. */
  resolve(answer: Answer): void;
}

/** Lookups under way on one connection; the server answers them in order, each frame up to 1,000 profiles. */
const MAX_GET_FRAMES = 16;
/** As many as a server runs for one connection by default. */
const MAX_QUERY_FRAMES = 16;

export class QuestionKind implements LaneKind<Question> {
  readonly maxFrames: number;
  readonly isCredited = false;
  /** A query may take as long as its own time limit allows. */
  readonly isTimed: boolean;
  readonly isPausedByRefusal = false;
  readonly #op: 'get' | 'query';

  constructor(op: 'get' | 'query') {
    this.#op = op;
    this.maxFrames = op === 'get' ? MAX_GET_FRAMES : MAX_QUERY_FRAMES;
    this.isTimed = op === 'get';
  }

  take(queue: Fifo<Question>): Question[] {
    return queue.take(1);
  }

  encode(ref: number, [question]: readonly Question[]): Uint8Array {
    return encodeMessage(this.#op, { ...question.fields, ref });
  }

  settle([question]: readonly Question[], answer: Answer): readonly Refusal<Question>[] {
    question.resolve(answer);
    return [];
  }

  isSuspect(): boolean {
    return false;
  }

  isCulprit(): boolean {
    return false;
  }

  shrink(): boolean {
    return false;
  }
}
