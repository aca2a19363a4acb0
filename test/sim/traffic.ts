/**
 * Batches from a seed, made to collide: few people, many identifiers that they fight over, late events, aliases, re-sent
 * batches, mistakes. Every item has a timestamp and a messageId of its own, so that sending it again changes nothing.
 */
import { type Dice, diceOf } from '../property/memory-world.ts';
import { START_MS } from './core.ts';

export type Item = Readonly<Record<string, unknown>>;

export interface TrafficOptions {
  readonly batchCount: number;
  readonly people: number;
  /** Whether earlier items come again, as a client that retries sends them. */
  readonly hasRetries: boolean;
}

const TRAITS = ['name', 'plan', 'address', 'score', 'tags'];

export function traffic(seed: number, { batchCount, people, hasRetries }: TrafficOptions): Item[][] {
  const dice = diceOf(seed);
  const sent: Item[] = [];
  let next = 0;
  const batches: Item[][] = [];
  for (let b = 0; b < batchCount; b++) {
    const batch: Item[] = [];
    for (let i = dice(12); i >= 0; i--) {
      if (hasRetries && sent.length > 0 && dice(6) === 0) {
        batch.push(sent[dice(sent.length)]);
        continue;
      }
      const item = newItem(dice, people, next++);
      batch.push(item);
      sent.push(item);
    }
    batches.push(batch);
  }
  return batches;
}

function newItem(dice: Dice, people: number, index: number): Item {
  const user = `u${dice(people)}`;
  const anonymous = `a${dice(people)}`;
  const common = {
    messageId: dice(9) === 0 ? `m-${index}` : `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    timestamp: new Date(START_MS + (dice(10) === 0 ? -dice(9_000_000_000) : index * 1_000 + dice(5_000))).toISOString(),
    ...(dice(6) === 0 ? { context: contextOf(dice, people) } : {}),
  };
  const who = [{ userId: user }, { anonymousId: anonymous }, { userId: user, anonymousId: anonymous }][dice(3)];
  switch (dice(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return { ...common, ...who, type: 'identify', traits: traitsOf(dice, people) };
    case 4:
      // Of a visitor, or of another user: then two who were known become one.
      return { ...common, type: 'alias', userId: user, previousId: dice(3) === 0 ? `u${dice(people)}` : anonymous };
    case 5:
      return { ...common, ...who, type: 'page', name: `Page ${dice(3)}`, properties: { path: `/${dice(5)}` } };
    case 6:
      return { ...common, ...who, type: 'group', groupId: `g${dice(3)}`, traits: { employees: dice(100) } };
    case 7:
      // A mistake now and then: it must not shift anything for its neighbours.
      return { ...common, ...who, type: 'track' };
    default:
      return { ...common, ...who, type: 'track', event: `Event ${dice(4)}`, properties: propertiesOf(dice) };
  }
}

function contextOf(dice: Dice, people: number): Item {
  if (dice(2) === 0) return { ip: `10.0.0.${dice(4)}` };
  const type = ['crm', 'email', 'phone', 'ga4'][dice(4)];
  const id =
    type === 'email'
      ? `${dice(2) === 0 ? 'E' : 'e'}${dice(people)}@x.org`
      : type === 'phone'
        ? phoneOf(dice, people)
        : `x${dice(people)}`;
  return { externalIds: [{ type, id }, { type, id }, { type: 'user_id', id: 'u0' }, 'not an entry'] };
}

function traitsOf(dice: Dice, people: number): Item {
  const traits: Record<string, unknown> = {};
  if (dice(3) === 0) traits['email'] = `${dice(4) === 0 ? ' E' : 'e'}${dice(people)}@x.org`;
  if (dice(5) === 0) traits['phone'] = phoneOf(dice, people);
  for (let i = dice(3); i > 0; i--) traits[TRAITS[dice(TRAITS.length)]] = traitValue(dice);
  return traits;
}

/** A number that is one, in one of two spellings. */
function phoneOf(dice: Dice, people: number): string {
  const line = `90182${dice(people)}`;
  return dice(2) === 0 ? `+49 30 ${line}` : `+4930${line}`;
}

function traitValue(dice: Dice): unknown {
  const values = [
    null,
    1,
    -0.5,
    2 ** 40,
    'text',
    'Ünï "cödé"\n',
    true,
    false,
    ['a', 1, { b: null }],
    [],
    {},
    { city: 'Berlin' },
    { city: { zip: 5 } },
  ];
  return values[dice(values.length)];
}

function propertiesOf(dice: Dice): Item {
  return {
    price: dice(1_000) / 10,
    sku: `s${dice(20)}`,
    ...(dice(4) === 0 ? { products: [{ sku: 'x', quantity: dice(3) }] } : {}),
  };
}
