/** Shapes of the query language: the JSON form of the AST in model/expression.ts, for the reader of /openapi.json. */
import { z } from 'zod';
import { AGGREGATE_FUNCTIONS, COUNT_OPERATORS, MATCHES, OPERATORS } from '../../model/expression.ts';

export const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const operand = z
  .union([scalar, z.array(scalar), z.strictObject({ trait: z.string() }), z.strictObject({ property: z.string() })])
  .meta({
    id: 'Operand',
    description:
      'A list for in and not_in, a pair for between, a duration ("7d") for within_* and older_than; or another field.',
  });
const operator = z.enum(OPERATORS).meta({ id: 'Operator' });
const aggregateFunction = z.enum(AGGREGATE_FUNCTIONS).meta({ id: 'AggregateFunction' });
export const duration = z
  .string()
  .meta({ id: 'Duration', description: '"90s", "15m", "24h", "7d", "2w"; a day is 24 hours.' });

export const windowOfTime = z
  .union([
    z.strictObject({ last: duration }),
    z.strictObject({ between: z.tuple([duration, duration]) }),
    z.strictObject({ from: z.string().optional(), to: z.string().optional() }),
    z.strictObject({
      calendar: z.enum(['day', 'week', 'month', 'quarter', 'year']),
      offset: z.int().optional(),
      timeZone: z.string().optional(),
    }),
  ])
  .meta({ id: 'Window', description: 'Half-open, from ≤ t < to; absent = ever.' });

const traitLeaf = z
  .strictObject({ trait: z.string(), op: operator, value: operand.optional() })
  .meta({ id: 'TraitLeaf' });
export const propertyPredicate = z
  .strictObject({ property: z.string(), op: operator, value: operand.optional() })
  .meta({ id: 'PropertyPredicate' });
const eventLeaf = z
  .strictObject({
    event: z.string(),
    where: z.array(propertyPredicate).optional(),
    count: z
      .strictObject({ op: z.enum(COUNT_OPERATORS), value: z.union([z.number(), z.tuple([z.number(), z.number()])]) })
      .optional(),
    aggregate: z
      .strictObject({ fn: aggregateFunction, property: z.string(), op: operator, value: operand.optional() })
      .optional(),
    window: windowOfTime.optional(),
  })
  .meta({ id: 'EventLeaf', description: 'At least once, unless `count` or `aggregate` says otherwise.' });
const sequenceLeaf = z
  .strictObject({
    sequence: z.array(
      z.strictObject({
        event: z.string(),
        nth: z.literal('first').optional(),
        where: z.array(propertyPredicate).optional(),
        within: duration.optional(),
        without: z.strictObject({ event: z.string(), where: z.array(propertyPredicate).optional() }).optional(),
      }),
    ),
    window: windowOfTime.optional(),
  })
  .meta({ id: 'SequenceLeaf' });
const segmentLeaf = z.strictObject({ segment: z.string() }).meta({ id: 'SegmentLeaf' });
const randomLeaf = z
  .strictObject({ random: z.strictObject({ salt: z.string(), from: z.number(), to: z.number() }) })
  .meta({ id: 'RandomLeaf', description: 'A stable random part of everyone.' });

export const expression: z.ZodType = z
  .lazy(() =>
    z.union([allOf, anyOf, not, traitLeaf, eventLeaf, sequenceLeaf, segmentLeaf, randomLeaf, account, people]),
  )
  .meta({ id: 'Expression', description: 'Nested by and, or, not; an empty `and` is everyone, an empty `or` no one.' });
const allOf = z.strictObject({ and: z.array(expression) }).meta({ id: 'And' });
const anyOf = z.strictObject({ or: z.array(expression) }).meta({ id: 'Or' });
const not = z.strictObject({ not: expression }).meta({ id: 'Not' });
const match = z
  .enum(MATCHES)
  .optional()
  .meta({ description: 'Of several: some, every one of at least one, or none. Absent = any.' });
const account = z
  .strictObject({ account: expression, match })
  .meta({ id: 'AccountLeaf', description: "On a person: the person's accounts. Inside is a condition on an account." });
const people = z
  .strictObject({ people: expression, match })
  .meta({ id: 'PeopleLeaf', description: "On an account: the account's people. Inside is a condition on a person." });
