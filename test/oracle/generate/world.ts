/** A whole case: what was sent, and what is asked afterwards at one moment. Plain JSON, so that a failure can be filed. */
import fc from 'fast-check';
import type { Expression } from '../../../src/model/query.ts';
import { type Batch, batches } from './batch.ts';
import { expression } from './expression.ts';
import { maybe } from './maybe.ts';
import { ANCHORS } from './pool.ts';
import { instant } from './time.ts';

export interface Question {
  readonly where: Expression;
  /** ISO text; absent = now. */
  readonly at?: string | undefined;
}
export interface World {
  readonly nowMs: number;
  readonly batches: readonly Batch[];
  readonly questions: readonly Question[];
}

export function world(questionCount: number): fc.Arbitrary<World> {
  return fc.constantFrom(...ANCHORS).chain((anchor) => {
    const nowMs = Date.parse(anchor.at);
    const at = maybe(
      instant(nowMs).map((timeMs) => ({ at: new Date(timeMs).toISOString() })),
      3,
    );
    const question = fc.tuple(expression(nowMs), at).map(([where, when]): Question => ({ where, ...when }));
    return fc.record({
      nowMs: fc.constant(nowMs),
      batches: batches(nowMs),
      questions: fc.array(question, { minLength: 1, maxLength: questionCount, size: 'max' }),
    });
  });
}
