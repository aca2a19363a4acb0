/** People whose calls and events come in any order of time, under two identifiers each; and the engine that they are sent to. */
import fc from 'fast-check';
import { Core, START_MS } from '../../sim/core.ts';
import { type Call, inOrder, type Json, RULES, type Rule } from './naive-past.ts';

const MINUTE_MS = 60_000;

export interface Sent {
  readonly kind: 'identify' | 'track';
  readonly person: number;
  /** Under the user's id, or the visitor's. */
  readonly isUser: boolean;
  readonly minute: number;
  readonly source: string | undefined;
  readonly traits: { [key: string]: Json };
}

export interface Story {
  /** In the order of arrival. */
  readonly sent: readonly Sent[];
  /** The trait `ruled` goes by it. */
  readonly rule: Rule | undefined;
  readonly shardCount: number;
}

export interface Person {
  readonly id: string;
  readonly calls: Call[];
  readonly eventTimes: number[];
}

const scalar = fc.constantFrom<Json[]>('red', 'green', '', 'ä"\\', 0, 7, 7.5, -3, 1e15, true, false, '2025-12-01');
const array = fc.array(scalar, { maxLength: 3 });
const leaf = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: array },
  { weight: 1, arbitrary: fc.constant({}) },
);
const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc.dictionary(fc.constantFrom('x', 'y'), tie('tree'), { maxKeys: 2, noNullPrototype: true }),
    },
  ),
}));
const traits = fc
  .record(
    {
      a: tree,
      b: tree,
      colour: leaf,
      ruled: fc.oneof(scalar, scalar, fc.constant(null), array) as fc.Arbitrary<Json>,
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .map((bag) => bag as { [key: string]: Json });

export const PERSON_COUNT = 3;

export const story: fc.Arbitrary<Story> = fc.record({
  sent: fc.array(
    fc.record({
      kind: fc.constantFrom('identify', 'identify', 'identify', 'track'),
      person: fc.nat(PERSON_COUNT - 1),
      isUser: fc.boolean(),
      minute: fc.integer({ min: 0, max: 12 }),
      source: fc.constantFrom('crm', 'web', undefined),
      traits,
    }) as fc.Arbitrary<Sent>,
    { minLength: 1, maxLength: 24 },
  ),
  rule: fc.option(fc.constantFrom(...RULES), { nil: undefined }),
  shardCount: fc.constantFrom(1, 3),
});

export const timeOf = (minute: number): number => START_MS - 1_000 * MINUTE_MS + minute * MINUTE_MS;

export interface LiveOptions {
  /** No two calls have the same time. */
  readonly isDistinct?: boolean | undefined;
  /** What is of a later time is never sent, but for the calls that bring identifiers together. */
  readonly untilMs?: number | undefined;
}

/** Sends it all, each item in a batch of its own, and at the end what brings each person's two identifiers together. */
export async function live(
  { sent, rule, shardCount }: Story,
  { isDistinct = false, untilMs = Number.POSITIVE_INFINITY }: LiveOptions = {},
): Promise<{ core: Core; people: Person[] }> {
  const core = Core.fresh(shardCount, { hashSeed: 5, isAutoFlush: true });
  const people: Person[] = Array.from({ length: PERSON_COUNT }, (_, i) => ({
    id: `u${i}`,
    calls: [],
    eventTimes: [],
  }));
  if (rule !== undefined)
    for (const { data } of core.shards) data.traits.setSurvivorship([{ trait: 'ruled', rule, sources: [] }]);
  let arrival = 0;
  const send = async (one: Sent, isBoth: boolean): Promise<void> => {
    const { person, isUser, minute, source } = one;
    const timeMs = timeOf(minute) + (isDistinct ? arrival : 0);
    if (timeMs > untilMs && !isBoth) {
      arrival += 1;
      return;
    }
    const messageId = `m${arrival}`;
    const item = {
      messageId,
      timestamp: new Date(timeMs).toISOString(),
      ...(isUser || isBoth ? { userId: `u${person}` } : {}),
      ...(!isUser || isBoth ? { anonymousId: `a${person}` } : {}),
      ...(source === undefined ? {} : { context: { source } }),
    };
    const { calls, eventTimes } = people[person];
    if (one.kind === 'track') {
      eventTimes.push(timeMs);
      await core.ingest([{ ...item, type: 'track', event: 'Seen', properties: { n: arrival } }]);
    } else {
      const origin = isUser || isBoth ? 'user' : 'visitor';
      calls.push({ timeMs, arrival, messageId, source, origin, traits: one.traits });
      await core.ingest([{ ...item, type: 'identify', traits: one.traits }]);
    }
    arrival += 1;
  };
  for (const one of sent) await send(one, false);
  for (let person = 0; person < PERSON_COUNT; person++) {
    await send({ kind: 'identify', person, isUser: true, minute: 6, source: 'crm', traits: {} }, true);
  }
  // Calls of the same time are in the order in which the merged profile has them, which is the engine's affair.
  for (const person of people) breakTies(core, person);
  return { core, people };
}

/** Gives calls of the same time the order that the engine has them in: a merge appends the smaller profile's calls behind the other's. */
function breakTies(core: Core, { id, calls }: Person): void {
  const { shard, row } = core.router.locate({ type: 'user_id', value: id })!;
  const { history } = shard.data;
  const place = new Map<string, number>();
  const slot = history.slotOf(row);
  for (const index of history.eventsOf(slot)) place.set(history.messageIds.text(index), index);
  const ordered = calls.map((call) => ({ ...call, arrival: place.get(call.messageId)! }));
  calls.splice(0, calls.length, ...inOrder(ordered, Number.POSITIVE_INFINITY));
}
