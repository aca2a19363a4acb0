/** Shapes of "why". */
import { z } from 'zod';
import { queryWarning } from './query-request-schema.ts';
import { expression } from './query-schema.ts';

const address = z.union([z.string(), z.strictObject({ type: z.string(), value: z.string() })]);

export const whyRequest = z
  .strictObject({
    id: address.meta({ description: 'A user_id, `type:value`, or the two apart.' }),
    where: z.union([z.string(), expression]),
    strict: z.boolean().optional().meta({ description: 'Refuse names that nobody ever sent.' }),
  })
  .meta({ id: 'WhyRequest' });

const changesAt = z.union([z.string(), z.null()]).meta({
  description:
    'The first later moment at which the truth changes if nothing new comes, to the millisecond; null = never.',
});

const value = z.union([z.string(), z.number(), z.boolean()]);
const against = z.array(value).optional().meta({ description: 'Values of the field on the right-hand side.' });
const saw = z.union([
  z.strictObject({ values: z.array(value), against }),
  z.strictObject({ count: z.int() }),
  z.strictObject({ value: z.union([value, z.null()]), against }),
  z.strictObject({
    steps: z.int().meta({ description: 'The longest beginning of the sequence that holds.' }),
    times: z.array(z.string()),
  }),
  z.strictObject({ bucket: z.number() }),
]);

const node = {
  text: z.string().meta({ description: 'The condition as text.' }),
  isTrue: z.boolean(),
  saw: saw.optional().meta({ description: 'Of a leaf.' }),
  changesAt,
};
const whyNode: z.ZodType = z
  .lazy(() => z.strictObject({ ...node, of: z.array(whyNode).optional() }))
  .meta({ id: 'WhyNode', description: 'A leaf, or `and`, `or`, `not` or a saved segment with its parts.' });

export const whyAnswer = z
  .strictObject({
    id: z.string(),
    isMember: z.boolean(),
    changesAt,
    why: whyNode,
    at: z.string().meta({ description: 'The moment it was answered for.' }),
    warnings: z.array(queryWarning).optional(),
  })
  .meta({ id: 'WhyAnswer' });
