/** Random profiles and events in a shard's data and in the naive model, and random conditions with many comparisons of fields. */
import fc from 'fast-check';
import type { AggregateCondition, EventLeaf, Expression, FieldReference } from '../../../../src/model/expression.ts';
import { AGGREGATE_FUNCTIONS } from '../../../../src/model/expression.ts';
import { context, properties, traits } from '../../../oracle/generate/document.ts';
import { expression, NUMBER_OPERATORS } from '../../../oracle/generate/expression.ts';
import { propertyFields, traitFields } from '../../../oracle/generate/field.ts';
import { maybe } from '../../../oracle/generate/maybe.ts';
import { EVENT_NAMES } from '../../../oracle/generate/pool.ts';
import { REFERENCE_OPERATORS } from '../../../oracle/generate/predicate.ts';
import { instant } from '../../../oracle/generate/time.ts';
import { window } from '../../../oracle/generate/window.ts';
import { type Item, NOW_MS, World } from '../execution/world.ts';

const USERS = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'u7', 'ü-8', '__proto__', 'a:b'];

const user = fc.constantFrom(...USERS);
const event = fc.oneof(fc.constant<string>('Order Completed'), fc.constantFrom(...EVENT_NAMES));

function item(): fc.Arbitrary<Item> {
  const timestamp = instant(NOW_MS).map((timeMs) => new Date(timeMs).toISOString());
  const identify = fc.record({ userId: user, timestamp, traits: traits(NOW_MS) });
  const track = fc
    .tuple(
      fc.record({ userId: user, timestamp, event, properties: properties(NOW_MS) }),
      maybe(
        context(NOW_MS).map((each) => ({ context: each })),
        4,
      ),
    )
    .map(([main, outer]) => ({ ...main, ...outer }));
  return fc.oneof(
    { weight: 2, arbitrary: identify.map((each): Item => ({ type: 'identify', ...each })) },
    { weight: 5, arbitrary: track.map((each): Item => ({ type: 'track', ...each })) },
  );
}

export interface Sent {
  readonly items: readonly Item[];
}

export const items: fc.Arbitrary<readonly Item[]> = fc.array(item(), { minLength: 40, maxLength: 160, size: 'max' });

export function worldOf(sent: readonly Item[]): World {
  return new World().add(...sent);
}

/** Leaves with another field on the right: all operators that take one, over all fields. */
export function comparison(): fc.Arbitrary<Expression> {
  const anyTrait = fc.constantFrom(...traitFields(NOW_MS)).map(({ path }) => path);
  const anyProperty = fc.constantFrom(...propertyFields(NOW_MS)).map(({ path }) => path);
  const op = fc.constantFrom(...REFERENCE_OPERATORS);
  const ofTrait = anyTrait.map((trait): FieldReference => ({ trait }));
  const ofAny = fc.oneof(
    ofTrait,
    anyProperty.map((property): FieldReference => ({ property })),
  );
  const traitLeaf = fc.record({ trait: anyTrait, op, value: ofTrait });
  const predicate = fc.record({ property: anyProperty, op, value: ofAny });
  const where = fc.array(predicate, { minLength: 1, maxLength: 2 });
  const during = maybe(
    window(NOW_MS).map((each) => ({ window: each })),
    4,
  );
  const eventLeaf = fc
    .tuple(event, where, during)
    .map(([name, where, when]): EventLeaf => ({ event: name, where, ...when }));
  return fc.oneof<fc.Arbitrary<Expression>[]>(traitLeaf, eventLeaf, aggregateLeaf(ofTrait));
}

/** Sums are of numbers that add up exactly in any order. */
function aggregateLeaf(references: fc.Arbitrary<FieldReference>): fc.Arbitrary<EventLeaf> {
  const fields = propertyFields(NOW_MS).filter(({ isExact }) => isExact);
  const numberOps = REFERENCE_OPERATORS.filter((op) => NUMBER_OPERATORS.includes(op));
  const aggregate = fc
    .tuple(fc.constantFrom(...AGGREGATE_FUNCTIONS), fc.constantFrom(...fields), references)
    .chain(([fn, { path }, value]) => {
      const ops = fn === 'first' || fn === 'last' ? REFERENCE_OPERATORS : numberOps;
      return fc.constantFrom(...ops).map((op): AggregateCondition => ({ fn, property: path, op, value }));
    });
  return fc.tuple(event, aggregate).map(([name, each]) => ({ event: name, aggregate: each }));
}

export const condition: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 2, arbitrary: expression(NOW_MS) },
  { weight: 2, arbitrary: comparison() },
  { weight: 1, arbitrary: fc.tuple(comparison(), expression(NOW_MS)).map((and): Expression => ({ and })) },
  { weight: 1, arbitrary: comparison().map((not): Expression => ({ not })) },
);
