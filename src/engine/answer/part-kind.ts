/**
 * How one kind of question is answered by parts: each shard's part is taken at its instant, and one answer is made out of all. The parts
 * are in this process, or come over from others as plain data; who makes the answer does not see which.
 *
 * Invariant: what was packed and unpacked again gives the very answer that the part itself would have given, to the last bit of a sum.
 */
import type { Instant } from '../../query/execution/instant.ts';
import type { Spend } from '../../query/execution/pace.ts';
import type { Finish } from '../../query/execution/shard-question.ts';
import type { AnsweringShard } from './answering-shard.ts';

/** Data that can leave the process: numbers, texts, booleans, null, typed arrays, and lists and plain objects of such (undefined = not there). */
export type Plain = object | string | number | boolean | null;

/** A shard among those that are asked. */
export interface Place {
  readonly index: number;
  /** How many there are. */
  readonly count: number;
}

/** Asks the shard that a part came from for more, as of the same instant. */
export type Further = (ask: Plain) => Promise<Plain>;

export interface PartKind<Part, Packed extends Plain> {
  /** In the turn of the question. */
  capture(instant: Instant, shard: AnsweringShard, place: Place): Finish<Part>;
  /** Yields, as the others do, what its pieces are estimated to have cost. */
  pack(part: Part): Generator<number, Packed, void>;
  unpack(packed: Packed, place: Place, further: Further): Generator<number, Part, void>;
  /** What an unpacked part asks; absent = everything came over at once. */
  readonly further?: ((part: Part, ask: Plain, spend: Spend) => Promise<Plain>) | undefined;
}

const MOVE_NS = 1_000;

/** Packs or unpacks what is small, or plain already. */
export function* atOnce<T>(value: T): Generator<number, T, void> {
  yield MOVE_NS;
  return value;
}

/** A kind whose parts are plain data as they are. */
export function plainKind<Part extends Plain>(capture: PartKind<Part, Part>['capture']): PartKind<Part, Part> {
  return { capture, pack: atOnce, unpack: atOnce };
}
