/** A whole case: what was sent, and what is asked afterwards at one moment. Plain JSON, so that a failure can be filed. */
import fc from 'fast-check';
import type { Expression } from '../../../src/model/query.ts';
import { hasTraitLeaf } from '../unsupported.ts';
import { type Batch, batches } from './batch.ts';
import { expression } from './expression.ts';
import { maybe } from './maybe.ts';
import { type Measure, measure } from './measure.ts';
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
  /** Absent in worlds that were filed before there were any. */
  readonly measures?: readonly Measure[] | undefined;
}

export function world(questionCount: number): fc.Arbitrary<World> {
  return fc.constantFrom(...ANCHORS).chain((anchor) => {
    const nowMs = Date.parse(anchor.at);
    const at = instant(nowMs).map((timeMs) => ({ at: new Date(timeMs).toISOString() }));
    // An engine may not know what traits were at a past moment, so such questions are few.
    const question = fc
      .tuple(expression(nowMs), maybe(at, 1), maybe(at, 4))
      .map(([where, seldom, often]): Question => ({ where, ...(hasTraitLeaf(where) ? seldom : often) }));
    return fc.record({
      nowMs: fc.constant(nowMs),
      batches: batches(nowMs),
      measures: fc.array(measure(nowMs), { maxLength: Math.ceil(questionCount / 3), size: 'max' }),
      questions: fc.array(question, { minLength: 1, maxLength: questionCount, size: 'max' }),
    });
  });
}
