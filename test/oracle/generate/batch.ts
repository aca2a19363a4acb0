/**
 * Batches of items as a client sends them: every kind of item, duplicates in the same batch and in later ones, times out of
 * order and on the edges of windows, and a few items that must be refused without harm to their neighbours.
 */
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../naive/json-value.ts';
import { context, properties, someOf, traits } from './document.ts';
import { maybe } from './maybe.ts';
import { ANONYMOUS_IDS, BLOCKED_IDS, EVENT_NAMES, NAMES, SKUS, TIERS, USER_IDS, VISIT_EVENTS } from './pool.ts';
import { instant } from './time.ts';

export interface Batch {
  /** JSON objects through `ingest`, or a msgpack frame; `frame-dates` packs canonical date texts as timestamps. */
  readonly door: 'json' | 'frame' | 'frame-dates';
  readonly receivedAtMs: number;
  readonly sentAtMs?: number | undefined;
  readonly isImport: boolean;
  readonly items: readonly JsonObject[];
}

/** An item of its own, one under the message id of an earlier one, or an earlier one again. */
type Draft = { readonly item: JsonObject; readonly idOf?: number | undefined } | { readonly repeatOf: number };

const userId = fc.constantFrom(...USER_IDS);
const anonymousId = fc.constantFrom(...ANONYMOUS_IDS);
const blockedId = fc.constantFrom(...BLOCKED_IDS);

const person: fc.Arbitrary<JsonObject> = fc.oneof(
  { weight: 6, arbitrary: userId.map((id) => ({ userId: id })) },
  { weight: 3, arbitrary: anonymousId.map((id) => ({ anonymousId: id })) },
  { weight: 3, arbitrary: fc.record({ userId, anonymousId }) },
  { weight: 1, arbitrary: fc.record({ userId: blockedId, anonymousId: fc.oneof(anonymousId, blockedId) }) },
);

/** Mostly a visitor's; two users that are told to be one, and what nobody is called, are rarer. */
const previousId = fc.oneof(
  { weight: 6, arbitrary: anonymousId },
  { weight: 3, arbitrary: userId },
  { weight: 1, arbitrary: blockedId },
);

function timing(nowMs: number): fc.Arbitrary<JsonObject> {
  const time = instant(nowMs);
  return fc.oneof(
    { weight: 8, arbitrary: time.map((timeMs) => ({ timestamp: new Date(timeMs).toISOString() })) },
    { weight: 1, arbitrary: time.map((timeMs) => ({ timestamp: timeMs })) },
    { weight: 1, arbitrary: time.map((timeMs) => ({ originalTimestamp: new Date(timeMs).toISOString() })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(time, time)
        .map(([a, b]) => ({ timestamp: new Date(a).toISOString(), originalTimestamp: new Date(b).toISOString() })),
    },
    { weight: 1, arbitrary: fc.constant({}) },
  );
}

function body(nowMs: number): fc.Arbitrary<JsonObject> {
  const sent = properties(nowMs);
  const event = fc.oneof(fc.constant<string>('Order Completed'), fc.constantFrom(...EVENT_NAMES));
  const names = someOf(
    [
      ['name', fc.constantFrom(...NAMES)],
      ['category', fc.constantFrom(...SKUS)],
    ],
    { min: 0, max: 2 },
  );
  const groupTraits = someOf([['traits', someOf([['tier', fc.constantFrom(...TIERS)]], { min: 0, max: 1 })]], {
    min: 0,
    max: 1,
  });
  const broken = fc.constantFrom<JsonObject>(
    { type: 'track' },
    { type: 'dance' },
    { type: 'group' },
    { type: 'alias' },
  );
  return fc.oneof(
    {
      weight: 10,
      arbitrary: fc.tuple(event, sent).map(([name, properties]) => ({ type: 'track', event: name, properties })),
    },
    { weight: 8, arbitrary: traits(nowMs).map((traits) => ({ type: 'identify', traits })) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('page', 'screen'), sent, names)
        .map(([type, properties, top]) => ({ type, properties, ...top })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...SKUS), groupTraits)
        .map(([groupId, top]) => ({ type: 'group', groupId, ...top })),
    },
    { weight: 1, arbitrary: previousId.map((id) => ({ type: 'alias', previousId: id })) },
    { weight: 1, arbitrary: broken },
  );
}

function draft(nowMs: number): fc.Arbitrary<Draft> {
  const outer = maybe(
    context(nowMs).map((each) => ({ context: each })),
    5,
  );
  const item = fc
    .tuple(body(nowMs), person, timing(nowMs), outer)
    .map(([main, who, when, context]): JsonObject => ({ ...main, ...who, ...when, ...context }))
    // An alias names its user; without one it would be refused for that.
    .map((each) => (each['type'] === 'alias' && !('userId' in each) ? { ...each, userId: 'u1' } : each));
  return fc.oneof(
    { weight: 12, arbitrary: item.map((each) => ({ item: each })) },
    { weight: 1, arbitrary: fc.nat().map((repeatOf) => ({ repeatOf })) },
    { weight: 1, arbitrary: fc.tuple(item, fc.nat()).map(([each, idOf]) => ({ item: each, idOf })) },
  );
}

/** Most people once, with traits and events, so that worlds have somebody to tell apart; the others are yet to come. */
function greeting(nowMs: number): fc.Arbitrary<readonly Draft[]> {
  const people: readonly JsonObject[] = [
    ...USER_IDS.map((id) => ({ userId: id })),
    ...ANONYMOUS_IDS.map((id) => ({ anonymousId: id })),
  ];
  const visits = people.map((who) =>
    fc
      .tuple(
        traits(nowMs),
        timing(nowMs),
        maybe(
          context(nowMs).map((each) => ({ context: each })),
          2,
        ),
        fc.array(fc.tuple(properties(nowMs), timing(nowMs), fc.constantFrom(...VISIT_EVENTS)), { maxLength: 6 }),
      )
      .map(([traits, when, outer, events]): readonly Draft[] => {
        const call = { item: { type: 'identify', ...who, traits, ...when, ...outer } };
        const visit = events.map(
          ([properties, at, event]): Draft => ({
            item: { type: 'track', event, ...who, properties, ...at },
          }),
        );
        // A visitor looks around before leaving an e-mail.
        return 'userId' in who ? [call, ...visit] : [...visit, call];
      }),
  );
  const isHere = fc.array(fc.nat(3), { minLength: people.length, maxLength: people.length, size: 'max' });
  // Whoever comes first has the e-mails and devices: users, or visitors of whom nobody knows who they are.
  return fc.tuple(fc.tuple(...visits), isHere, fc.boolean()).map(([drafts, draws, isUserFirst]) => {
    const here = drafts.filter((_, i) => draws[i] > 0);
    return (isUserFirst ? here : here.toReversed()).flat();
  });
}

/** Numbers the messages and copies the repeated ones, over all batches of a world. */
function finish(batches: readonly (Omit<Batch, 'items'> & { readonly drafts: readonly Draft[] })[]): readonly Batch[] {
  const sent: JsonObject[] = [];
  return batches.map(({ drafts, ...batch }) => ({
    ...batch,
    items: drafts.map((each): JsonObject => {
      if ('repeatOf' in each && sent.length > 0) return sent[each.repeatOf % sent.length];
      const item: { [key: string]: JsonValue } = 'item' in each ? { ...each.item } : { type: 'identify', userId: 'u1' };
      const isOther = 'idOf' in each && each.idOf !== undefined && sent.length > 0;
      item['messageId'] = isOther ? sent[(each.idOf ?? 0) % sent.length]['messageId'] : `m${sent.length}`;
      sent.push(item);
      return item;
    }),
  }));
}

/** `nowMs` is the moment of the queries, so the last batch arrives at it or before. */
export function batches(nowMs: number): fc.Arbitrary<readonly Batch[]> {
  const batch = fc.record({
    door: fc.constantFrom<Batch['door']>('json', 'frame', 'frame-dates'),
    // The last is beyond the windows of limits that are a week's.
    stepMs: fc.constantFrom(0, 1, 1_000, 86_400_000, 8 * 86_400_000),
    skewMs: fc.constantFrom(undefined, undefined, undefined, 0, 3, -5_000, 86_400_000),
    isImport: fc.constantFrom(false, false, false, true),
    drafts: fc.array(draft(nowMs), { minLength: 1, maxLength: 40, size: 'max' }),
  });
  const greeted = fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 8, arbitrary: greeting(nowMs) });
  return fc.tuple(greeted, fc.array(batch, { minLength: 1, maxLength: 6, size: 'max' })).map(([drafts, later]) => {
    const list =
      drafts.length === 0
        ? later
        : [{ door: 'json' as const, stepMs: 0, skewMs: undefined, isImport: false, drafts }, ...later];
    let receivedAtMs = nowMs - list.reduce((total, each) => total + each.stepMs, 0);
    return finish(
      list.map(({ stepMs, skewMs, ...rest }) => {
        receivedAtMs += stepMs;
        return { ...rest, receivedAtMs, ...(skewMs === undefined ? {} : { sentAtMs: receivedAtMs + skewMs }) };
      }),
    );
  });
}
