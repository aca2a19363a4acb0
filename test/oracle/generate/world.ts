/** A whole case: what was sent, and what is asked afterwards at one moment. Plain JSON, so that a failure can be filed. */
import fc from 'fast-check';
import { readIdentitySettings } from '../../../src/identity/settings.ts';
import type { Expression } from '../../../src/model/expression.ts';
import type { IdentitySettings } from '../../../src/model/identity.ts';
import type { Segments } from '../naive/event-choice.ts';
import { type Analysis, analysis } from './analysis.ts';
import { type Batch, batches } from './batch.ts';
import { expression } from './expression.ts';
import { maybe } from './maybe.ts';
import { type Measure, measure } from './measure.ts';
import { ANCHORS, IDENTITY_SETTINGS, SEGMENT_KEYS } from './pool.ts';
import { instant } from './time.ts';

export interface Question {
  readonly where: Expression;
  /** ISO text; absent = now. */
  readonly at?: string | undefined;
}
export interface SavedCondition {
  readonly key: string;
  readonly where: Expression;
}
export interface World {
  readonly nowMs: number;
  readonly batches: readonly Batch[];
  readonly questions: readonly Question[];
  /** Absent in worlds that were filed before there were any. */
  readonly measures?: readonly Measure[] | undefined;
  /** Saved in this order; each may name those before it. */
  readonly segments?: readonly SavedCondition[] | undefined;
  readonly analyses?: readonly Analysis[] | undefined;
  /** Laid over the default rules for identifiers. */
  readonly identity?: Readonly<Record<string, unknown>> | undefined;
}

/** The rules by which the world's people are brought together. */
export function identityOf({ identity }: Pick<World, 'identity'>): IdentitySettings {
  return readIdentitySettings(identity ?? {});
}

/** What questions may name. */
export function segmentsOf({ segments = [] }: Pick<World, 'segments'>): Segments {
  return new Map(segments.map(({ key, where }) => [key, where]));
}

function savedConditions(nowMs: number): fc.Arbitrary<readonly SavedCondition[]> {
  const wheres = SEGMENT_KEYS.map((_, i) => expression(nowMs, i === 0 ? [] : SEGMENT_KEYS.slice(0, i)));
  return fc.tuple(...wheres).map((list) =>
    list.map((where, i): SavedCondition => {
      // The later ones surely name an earlier one, the last one by two ways.
      const nested: readonly Expression[] = SEGMENT_KEYS.slice(Math.max(0, i - 2), i).map((segment) => ({ segment }));
      return { key: SEGMENT_KEYS[i], where: nested.length === 0 ? where : { or: [where, { and: nested }] } };
    }),
  );
}

export function world(questionCount: number): fc.Arbitrary<World> {
  return fc.constantFrom(...ANCHORS).chain((anchor) => {
    const nowMs = Date.parse(anchor.at);
    const at = instant(nowMs).map((timeMs) => ({ at: new Date(timeMs).toISOString() }));
    const question: fc.Arbitrary<Question> = fc
      .tuple(expression(nowMs, SEGMENT_KEYS), maybe(at, 4))
      .map(([where, when]): Question => ({ where, ...when }));
    return savedConditions(nowMs).chain((segments) =>
      fc.record({
        nowMs: fc.constant(nowMs),
        measures: fc.array(measure(nowMs), { maxLength: Math.ceil(questionCount / 3), size: 'max' }),
        segments: fc.constant(segments),
        analyses: fc.array(analysis(nowMs, SEGMENT_KEYS), { maxLength: Math.ceil(questionCount / 3), size: 'max' }),
        questions: fc.array(question, {
          minLength: 1,
          maxLength: questionCount,
          size: 'max',
        }),
        // Last, so that other people do not make other questions.
        batches: batches(nowMs),
        identity: fc.constantFrom(...IDENTITY_SETTINGS),
      }),
    );
  });
}
