/** Shapes of /v1/query: the request, and one answer for each kind of question. */
import { z } from 'zod';
import { COLLECTIONS } from '../../model/expression.ts';
import { PASS_NAMES } from '../../model/optimizer.ts';
import { RESULT_KINDS } from '../../model/query.ts';
import { account } from './account-paths.ts';
import {
  breakdownBody,
  breakdownRequest,
  funnelBody,
  funnelRequest,
  overlapBody,
  overlapRequest,
  retentionBody,
  retentionRequest,
  rfmBody,
  rfmRequest,
  totalRequest,
} from './analysis-schema.ts';
import { profile } from './profile-schema.ts';
import { expression } from './query-schema.ts';

export const queryRequest = z
  .strictObject({
    of: z.enum(COLLECTIONS).optional().meta({ description: 'What the question is about; absent = people.' }),
    where: z
      .union([z.string(), expression])
      .optional()
      .meta({ description: 'As text (country = "DE" and did "Order Completed") or JSON; absent = everyone.' }),
    as: z.enum(RESULT_KINDS).optional().meta({ description: 'Absent = count. The analyses have a body of that name.' }),
    limit: z.int().min(0).optional(),
    cursor: z.string().optional(),
    fields: z.array(z.string()).optional(),
    events: z.int().min(0).optional(),
    aggregate: totalRequest.optional(),
    breakdown: breakdownRequest.optional(),
    funnel: funnelRequest.optional(),
    retention: retentionRequest.optional(),
    rfm: rfmRequest.optional(),
    overlap: overlapRequest.optional(),
    at: z.string().optional().meta({ description: 'ISO 8601: evaluate as of that moment.' }),
    timeoutMs: z.int().min(0).optional(),
    mode: z
      .enum(['exact', 'estimate'])
      .optional()
      .meta({ description: 'estimate: a count from a sample of profiles, with its interval.' }),
    explain: z
      .boolean()
      .optional()
      .meta({ description: 'The answer carries `plan`: what was done, and how long it took.' }),
    strict: z
      .boolean()
      .optional()
      .meta({ description: 'A name that nobody ever sent is an error (query_unknown_name), not a warning.' }),
    partial: z.boolean().optional().meta({
      description: 'Of a cluster of which a part cannot be asked: answer for the rest and say what is `missing`.',
    }),
    optimizer: z
      .strictObject({ off: z.array(z.enum(PASS_NAMES)) })
      .optional()
      .meta({ description: 'Passes that are left out, to find out what each is worth.' }),
  })
  .meta({ id: 'QueryRequest' });

export const queryWarning = z
  .strictObject({
    code: z.literal('unknown_name'),
    message: z.string(),
    name: z.string(),
    suggestion: z.string().optional(),
    path: z.string().optional(),
    position: z.int().optional(),
    end: z.int().optional(),
  })
  .meta({ id: 'QueryWarning', description: 'A name that nobody ever sent, with its place in a text or in JSON.' });

const planNode: z.ZodType = z
  .strictObject({
    operator: z.string(),
    detail: z.string(),
    estimatedRows: z.number(),
    rows: z.union([z.number(), z.null()]),
    tookMs: z.number(),
    get children() {
      return z.array(planNode);
    },
  })
  .meta({ id: 'PlanNode' });

const common = {
  tookMs: z.number(),
  watermark: z.array(z.number()).meta({ description: 'Applied seq per shard that the answer includes.' }),
  plan: z.strictObject({ passes: z.array(z.string()), root: planNode }).optional(),
  warnings: z.array(queryWarning).optional(),
  missing: z
    .strictObject({ shards: z.array(z.int()), slots: z.int() })
    .optional()
    .meta({ description: 'Only with `partial`: whose shards could not be asked.' }),
};
const cursor = z.string().optional();
const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);

export const idsAnswer = z.strictObject({ ids: z.array(z.string()), cursor, ...common }).meta({ id: 'IdsAnswer' });
export const funnelAnswer = z.strictObject({ ...funnelBody, ...common }).meta({ id: 'FunnelAnswer' });
export const retentionAnswer = z.strictObject({ ...retentionBody, ...common }).meta({ id: 'RetentionAnswer' });

const countAnswer = z
  .strictObject({
    count: z.int(),
    isExact: z.literal(false).optional(),
    interval: z.tuple([z.number(), z.number()]).optional(),
    confidence: z.number().optional(),
    sampleSize: z.int().optional(),
    ...common,
  })
  .meta({
    id: 'CountAnswer',
    description: 'isExact false: an estimate; the true count lies in `interval` with probability `confidence`.',
  });

export const queryAnswer = z
  .union([
    countAnswer,
    idsAnswer,
    z.strictObject({ profiles: z.array(z.union([profile, account])), cursor, ...common }).meta({ id: 'ProfilesPage' }),
    z
      .strictObject({ value: z.union([scalar, z.array(z.union([z.number(), z.null()]))]), ...common })
      .meta({ id: 'ValueAnswer', description: 'A list where `p` is one.' }),
    z.strictObject({ ...breakdownBody, ...common }).meta({ id: 'BreakdownAnswer' }),
    funnelAnswer,
    retentionAnswer,
    z.strictObject({ ...rfmBody, ...common }).meta({ id: 'RfmAnswer' }),
    z.strictObject({ ...overlapBody, ...common }).meta({ id: 'OverlapAnswer' }),
  ])
  .meta({ id: 'QueryAnswer', description: 'One of these, as `as` asked.' });
