/** Questions whose answer is more than a set: groups, funnels, cohorts, scores, overlaps. */
import fc from 'fast-check';
import type {
  BreakdownRequest,
  Dimension,
  FunnelRequest,
  FunnelStep,
  OverlapRequest,
  RetentionRequest,
  RfmRequest,
} from '../../../src/model/analysis.ts';
import type { Expression } from '../../../src/model/expression.ts';
import { expression, leaf } from './expression.ts';
import { type Field, propertyFields, traitFields } from './field.ts';
import { maybe } from './maybe.ts';
import { CALENDAR_UNITS } from './pool.ts';
import { eventChoice, stepDuration, without } from './sequence.ts';
import { instant, timeZone } from './time.ts';
import { window } from './window.ts';

export const ANALYSIS_KINDS = ['breakdown', 'funnel', 'retention', 'rfm', 'overlap'] as const;
export type AnalysisKind = (typeof ANALYSIS_KINDS)[number];

/** A request as callers send it; exactly the body that `as` names is there. */
export interface Analysis {
  readonly as: AnalysisKind;
  /** Absent = everyone. */
  readonly where?: Expression | undefined;
  readonly at?: string | undefined;
  readonly breakdown?: BreakdownRequest | undefined;
  readonly funnel?: FunnelRequest | undefined;
  readonly retention?: RetentionRequest | undefined;
  readonly rfm?: RfmRequest | undefined;
  readonly overlap?: OverlapRequest | undefined;
}

function during(nowMs: number, tenths: number) {
  return maybe(
    window(nowMs).map((each) => ({ window: each })),
    tenths,
  );
}

function zone(nowMs: number) {
  return maybe(
    timeZone(nowMs).map((each) => ({ timeZone: each })),
    6,
  );
}

function limit(tenths: number) {
  return maybe(
    fc.integer({ min: 1, max: 4 }).map((each) => ({ limit: each })),
    tenths,
  );
}

function isSummed(fn: string): boolean {
  return fn === 'sum' || fn === 'avg';
}

function pathOf(fields: readonly Field[], fn: string): fc.Arbitrary<string> {
  return fc.constantFrom(...fields.filter((field) => field.isExact || !isSummed(fn))).map(({ path }) => path);
}

const TRAIT_FUNCTIONS = ['sum', 'avg', 'min', 'max', 'count_distinct', 'median'] as const;
const EVENT_FUNCTIONS = [...TRAIT_FUNCTIONS, 'first', 'last'] as const;

function traitDimension(nowMs: number): fc.Arbitrary<Dimension> {
  const path = fc.constantFrom(...traitFields(nowMs)).map((field) => field.path);
  return fc.oneof(
    path,
    path.map((trait) => ({ trait })),
  );
}

function eventDimension(nowMs: number): fc.Arbitrary<Dimension> {
  const period = fc
    .tuple(fc.constantFrom(...CALENDAR_UNITS), zone(nowMs))
    .map(([unit, where]): Dimension => ({ period: unit, ...where }));
  const property = fc.constantFrom(...propertyFields(nowMs)).map(({ path }): Dimension => ({ property: path }));
  return fc.oneof(property, period, traitDimension(nowMs));
}

function ofProfiles(nowMs: number): fc.Arbitrary<BreakdownRequest> {
  const figure = fc
    .constantFrom(...TRAIT_FUNCTIONS)
    .chain((fn) => pathOf(traitFields(nowMs), fn).map((trait) => ({ aggregate: { fn, trait } })));
  return fc
    .tuple(fc.uniqueArray(traitDimension(nowMs), { minLength: 1, maxLength: 2 }), maybe(figure, 4), limit(3))
    .map(([by, ...rest]): BreakdownRequest => Object.assign({ by }, ...rest));
}

function ofEvents(nowMs: number): fc.Arbitrary<BreakdownRequest> {
  const figure = fc.oneof(
    fc
      .constantFrom(...EVENT_FUNCTIONS)
      .chain((fn) => pathOf(propertyFields(nowMs), fn).map((property) => ({ aggregate: { fn, property } }))),
    fc
      .constantFrom(...TRAIT_FUNCTIONS)
      .chain((fn) => pathOf(traitFields(nowMs), fn).map((trait) => ({ aggregate: { fn, trait } }))),
  );
  const by = fc.array(eventDimension(nowMs), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(by, eventChoice(nowMs, 2), during(nowMs, 3), maybe(figure, 5), limit(3))
    .map(([dimensions, ...rest]): BreakdownRequest => Object.assign({ by: dimensions }, ...rest));
}

function funnel(nowMs: number): fc.Arbitrary<FunnelRequest> {
  const first: fc.Arbitrary<FunnelStep> = eventChoice(nowMs, 1);
  const later: fc.Arbitrary<FunnelStep> = fc
    .tuple(eventChoice(nowMs, 1), maybe(without(nowMs), 3))
    .map(([choice, rest]) => ({ ...choice, ...rest }));
  const within = stepDuration.map((each) => ({ within: each }));
  const by = fc.oneof(
    fc.constantFrom(...traitFields(nowMs)).map(({ path }): FunnelRequest['by'] => path),
    fc.constantFrom(...traitFields(nowMs)).map(({ path }): FunnelRequest['by'] => ({ trait: path })),
    fc.constantFrom(...propertyFields(nowMs)).map(({ path }): FunnelRequest['by'] => ({ property: path })),
  );
  const split = fc.tuple(by, limit(4)).map(([path, rest]) => ({ by: path, ...rest }));
  return fc
    .tuple(
      first,
      fc.array(later, { minLength: 1, maxLength: 3, size: 'max' }),
      maybe(within, 5),
      during(nowMs, 3),
      maybe(split, 4),
    )
    .map(([start, rest, ...parts]): FunnelRequest => Object.assign({ steps: [start, ...rest] }, ...parts));
}

function retention(nowMs: number): fc.Arbitrary<RetentionRequest> {
  const back = eventChoice(nowMs, 2).map((each) => ({ return: each }));
  const periods = fc.integer({ min: 1, max: 15 }).map((each) => ({ periods: each }));
  return fc
    .tuple(
      eventChoice(nowMs, 2),
      fc.constantFrom<RetentionRequest['period']>('day', 'week', 'month'),
      maybe(back, 6),
      maybe(periods, 5),
      zone(nowMs),
      during(nowMs, 3),
    )
    .map(([cohort, period, ...rest]): RetentionRequest => Object.assign({ cohort, period }, ...rest));
}

function rfm(nowMs: number): fc.Arbitrary<RfmRequest> {
  const amount = fc.constantFrom('total', 'total', 'products.qty', 'value', 'never.sent');
  const order = fc.constantFrom('sku', 'products.sku', 'value').map((each) => ({ order: each }));
  const scores = fc.integer({ min: 2, max: 7 }).map((each) => ({ scores: each }));
  return fc
    .tuple(eventChoice(nowMs, 2), amount, during(nowMs, 3), maybe(scores, 4), maybe(order, 2))
    .map(([choice, money, ...rest]): RfmRequest => Object.assign({ ...choice, amount: money }, ...rest));
}

function overlap(nowMs: number, keys: readonly string[]): fc.Arbitrary<OverlapRequest> {
  const named = fc.array(leaf(nowMs, keys), { minLength: 1, maxLength: 3 });
  const saved = fc.subarray([...keys]);
  return fc.tuple(named, saved).map(([conditions, names]): OverlapRequest => {
    const segments = [...conditions.map((where, i) => ({ name: `condition ${i}`, where })), ...names];
    return { segments: segments.length > 1 ? segments : [...segments, { name: 'everyone', where: { and: [] } }] };
  });
}

export function analysis(nowMs: number, keys: readonly string[]): fc.Arbitrary<Analysis> {
  const where = maybe(
    expression(nowMs, keys).map((each) => ({ where: each })),
    4,
  );
  const at = maybe(
    instant(nowMs).map((timeMs) => ({ at: new Date(timeMs).toISOString() })),
    3,
  );
  const body = fc.oneof<fc.Arbitrary<Analysis>[]>(
    ofProfiles(nowMs).map((breakdown): Analysis => ({ as: 'breakdown', breakdown })),
    ofEvents(nowMs).map((breakdown): Analysis => ({ as: 'breakdown', breakdown })),
    ofEvents(nowMs).map((breakdown): Analysis => ({ as: 'breakdown', breakdown })),
    funnel(nowMs).map((each): Analysis => ({ as: 'funnel', funnel: each })),
    funnel(nowMs).map((each): Analysis => ({ as: 'funnel', funnel: each })),
    retention(nowMs).map((each): Analysis => ({ as: 'retention', retention: each })),
    rfm(nowMs).map((each): Analysis => ({ as: 'rfm', rfm: each })),
    overlap(nowMs, keys).map((each): Analysis => ({ as: 'overlap', overlap: each })),
  );
  return fc.tuple(body, where, at).map(([main, whose, when]): Analysis => ({ ...main, ...whose, ...when }));
}
