/** Shapes of questions whose answer is more than a set of profiles, and of their answers: model/analysis.ts. */
import { z } from 'zod';
import { RFM_CELLS, TOTAL_FUNCTIONS } from '../../model/analysis.ts';
import { AGGREGATE_FUNCTIONS } from '../../model/expression.ts';
import { duration, expression, propertyPredicate, windowOfTime } from './query-schema.ts';

const where = z.array(propertyPredicate).optional();
const eventChoice = z.strictObject({ event: z.string(), where });
const totalFunction = z.enum([...AGGREGATE_FUNCTIONS, ...TOTAL_FUNCTIONS]).meta({ id: 'TotalFunction' });
const percentiles = z
  .union([z.number(), z.array(z.number())])
  .optional()
  .meta({ description: 'Of percentile: above 0 and at most 100, or a list of such.' });

export const totalRequest = z
  .strictObject({
    fn: totalFunction,
    event: z.string().optional(),
    property: z.string().optional(),
    trait: z.string().optional(),
    where,
    window: windowOfTime.optional(),
    p: percentiles,
  })
  .meta({ id: 'TotalRequest', description: 'Over `event` and `property`, or over `trait`.' });

const period = z.enum(['day', 'week', 'month', 'quarter', 'year']);
export const breakdownRequest = z
  .strictObject({
    by: z
      .array(
        z.union([
          z.string(),
          z.strictObject({ trait: z.string() }),
          z.strictObject({ property: z.string() }),
          z.strictObject({ period, timeZone: z.string().optional() }),
        ]),
      )
      .meta({ description: 'A text alone is a trait; property and period need `event`.' }),
    event: z.string().optional().meta({ description: 'Absent: profiles are counted; else their events of this name.' }),
    where,
    window: windowOfTime.optional(),
    aggregate: z
      .strictObject({
        fn: totalFunction,
        p: percentiles,
        property: z.string().optional(),
        trait: z.string().optional(),
      })
      .optional(),
    limit: z.int().optional().meta({ description: 'Groups shown, the largest first; absent = 20.' }),
  })
  .meta({ id: 'BreakdownRequest' });

const funnelFields = {
  steps: z.array(z.strictObject({ event: z.string(), where, without: eventChoice.optional() })),
  within: duration.optional(),
  window: windowOfTime.optional(),
  by: z
    .union([z.string(), z.strictObject({ trait: z.string() }), z.strictObject({ property: z.string() })])
    .optional()
    .meta({ description: 'A trait of the profile, or a property of the first step.' }),
  limit: z.int().optional(),
};
export const funnelRequest = z.strictObject(funnelFields).meta({ id: 'FunnelRequest' });

const retentionFields = {
  cohort: eventChoice,
  return: eventChoice.optional().meta({ description: 'Absent: the same as `cohort`.' }),
  period: z.enum(['day', 'week', 'month']),
  periods: z.int().optional(),
  timeZone: z.string().optional(),
  window: windowOfTime.optional(),
};
export const retentionRequest = z.strictObject(retentionFields).meta({ id: 'RetentionRequest' });

const rfmCell = z.enum(RFM_CELLS).meta({ id: 'RfmCell' });
export const rfmRequest = z
  .strictObject({
    event: z.string(),
    amount: z.string(),
    order: z.string().optional(),
    where,
    window: windowOfTime.optional(),
    scores: z.int().optional(),
    members: z
      .strictObject({ limit: z.int().optional(), cursor: z.string().optional(), cell: rfmCell.optional() })
      .optional(),
  })
  .meta({ id: 'RfmRequest' });

export const overlapRequest = z
  .strictObject({
    segments: z.array(
      z.union([z.string(), z.strictObject({ name: z.string(), where: z.union([z.string(), expression]) })]),
    ),
  })
  .meta({ id: 'OverlapRequest', description: 'Saved segments by key, or conditions with a name.' });

/** What the flat routes take beside the analysis' own fields. */
const around = {
  where: z.union([z.string(), expression]).optional(),
  at: z.string().optional(),
  timeoutMs: z.int().min(0).optional(),
  strict: z.boolean().optional(),
  explain: z.boolean().optional(),
  partial: z.boolean().optional(),
};
export const flatFunnelRequest = z.strictObject({ ...funnelFields, ...around }).meta({ id: 'FlatFunnelRequest' });
export const flatRetentionRequest = z
  .strictObject({ ...retentionFields, ...around })
  .meta({ id: 'FlatRetentionRequest' });

const groupValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const aggregateValue = z.union([groupValue, z.array(z.union([z.number(), z.null()]))]);
const size = { profiles: z.int(), events: z.int().optional() };
export const breakdownBody = {
  groups: z.array(z.strictObject({ values: z.array(groupValue), ...size, value: aggregateValue.optional() })),
  rest: z.strictObject({ groups: z.int(), ...size }).optional(),
  total: z.strictObject({ groups: z.int(), ...size }),
};

const funnelSteps = z.array(
  z.strictObject({
    event: z.string(),
    count: z.int(),
    rate: z.number(),
    rateOfFirst: z.number(),
    dropOff: z.int(),
    medianMs: z.union([z.number(), z.null()]),
  }),
);
export const funnelBody = {
  steps: funnelSteps,
  groups: z.array(z.strictObject({ value: groupValue, steps: funnelSteps })).optional(),
  rest: z.strictObject({ groups: z.int(), steps: funnelSteps }).optional(),
};

const maybeNumber = z.union([z.number(), z.null()]);
export const retentionBody = {
  cohorts: z.array(
    z.strictObject({
      cohort: z.string(),
      size: z.int(),
      counts: z.array(maybeNumber),
      rates: z.array(maybeNumber),
    }),
  ),
};

const scores = { recency: z.int(), frequency: z.int(), monetary: z.int() };
export const rfmBody = {
  customers: z.int(),
  orders: z.int(),
  revenue: z.number(),
  thresholds: z.strictObject({
    recencyMs: z.array(maybeNumber),
    frequency: z.array(maybeNumber),
    monetary: z.array(maybeNumber),
  }),
  cells: z.array(z.strictObject({ cell: rfmCell, count: z.int(), revenue: z.number(), orders: z.int() })),
  scores: z.array(z.strictObject({ ...scores, count: z.int() })),
  members: z
    .array(
      z.strictObject({
        ...scores,
        id: z.string(),
        cell: rfmCell,
        lastAt: z.string(),
        orders: z.int(),
        revenue: z.number(),
      }),
    )
    .optional(),
  cursor: z.string().optional(),
};

export const overlapBody = {
  segments: z.array(z.strictObject({ name: z.string(), count: z.int() })),
  pairs: z.array(
    z.strictObject({
      a: z.string(),
      b: z.string(),
      both: z.int(),
      onlyA: z.int(),
      onlyB: z.int(),
      jaccard: z.number(),
    }),
  ),
};
