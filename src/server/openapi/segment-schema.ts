/** Shapes of saved segments, of the schema catalogue and of completion. */
import { z } from 'zod';
import { queryWarning } from './query-request-schema.ts';
import { expression } from './query-schema.ts';

export const segmentRequest = z
  .strictObject({
    name: z.string().optional().meta({ description: 'For people; absent = the key.' }),
    description: z.string().optional(),
    where: z.union([z.string(), expression]),
  })
  .meta({ id: 'SegmentRequest' });

const segmentFields = {
  key: z.string(),
  name: z.string(),
  description: z.string().optional(),
  where: expression,
  text: z.string().meta({ description: 'The condition as text.' }),
  createdAt: z.string(),
  updatedAt: z.string(),
};
export const segment = z.strictObject(segmentFields).meta({ id: 'Segment' });
export const segmentSaved = z
  .strictObject({ ...segmentFields, warnings: z.array(queryWarning).optional() })
  .meta({ id: 'SegmentSaved' });
export const segmentList = z.strictObject({ segments: z.array(segment) }).meta({ id: 'SegmentList' });

const valueType = z.enum(['number', 'string', 'date', 'boolean', 'array', 'object', 'null']);
const time = z.union([z.string(), z.null()]);
const fieldSchema = z
  .strictObject({
    name: z.string().meta({ description: 'A path, as conditions name it.' }),
    types: z.array(z.strictObject({ type: valueType, count: z.int() })),
    count: z
      .int()
      .meta({ description: 'Profiles (of a trait) or events (of a property) that have it; null is not having.' }),
    distinct: z.int(),
    isDistinctExact: z.boolean(),
    isSampled: z
      .literal(true)
      .optional()
      .meta({ description: 'Inside arrays of which some were looked into: estimates.' }),
    firstAt: time,
    lastAt: time.meta({ description: 'Times of the events that have it; null for traits, whose times are not kept.' }),
    sources: z.array(z.string()).meta({ description: 'Kinds of calls, and libraries where events name them.' }),
    examples: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .meta({ description: "The most frequent few, at most 64 characters each. They are people's data." }),
  })
  .meta({ id: 'FieldSchema' });
export const catalogue = z
  .strictObject({
    profiles: z.int(),
    events: z.array(
      z
        .strictObject({
          name: z.string(),
          count: z.int(),
          profiles: z.int(),
          firstAt: time,
          lastAt: time,
          sources: z.array(z.string()),
          properties: z.array(fieldSchema),
        })
        .meta({ id: 'EventSchema' }),
    ),
    traits: z.array(fieldSchema),
  })
  .meta({ id: 'Schema' });

export const completionRequest = z
  .strictObject({
    text: z.string(),
    position: z.int().optional().meta({ description: 'Of the cursor, in UTF-16 units; absent = the end.' }),
    limit: z.int().optional(),
  })
  .meta({ id: 'CompletionRequest' });
export const completionAnswer = z
  .strictObject({
    start: z.int(),
    end: z.int().meta({ description: 'A completion replaces the text from start to end.' }),
    completions: z.array(
      z.strictObject({
        insert: z.string(),
        label: z.string(),
        kind: z.enum(['trait', 'event', 'property', 'value', 'keyword', 'segment']),
        count: z.int().optional(),
        isEstimate: z.literal(true).optional(),
      }),
    ),
  })
  .meta({ id: 'CompletionAnswer' });
