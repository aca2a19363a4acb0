/**
 * Shards with random content for both ways of asking: all in one place, as the embedded engine has them, and one by one, each answer
 * written and read as it is between processes.
 */
import { Slices } from '../../../src/engine/schema/slices.ts';
import { ValueReader } from '../../../src/link/value-reader.ts';
import { ValueWriter } from '../../../src/link/value-writer.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { type Random, randomOf } from '../../process/seed.ts';
import { Core, START_MS } from '../../sim/core.ts';
import { type Item, traffic } from '../../sim/traffic.ts';

const writer = new ValueWriter(256 * 2 ** 20);
const reader = new ValueReader();

/** The value as another process gets it. */
export function crossed<Value>(value: Value): Value {
  writer.begin();
  writer.value(value);
  reader.open(writer.end());
  const read = reader.value() as Value;
  reader.close();
  return read;
}

/** Time stands still; with `isHasty` every look at it finds a slice over. */
export function testClock(isHasty = false): Clock {
  let nowMs = START_MS;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => {
      if (isHasty) nowMs += 10;
      return nowMs;
    },
    every: () => () => undefined,
    after: () => () => undefined,
    yieldTurn: async () => undefined,
  };
}

export function slices(isHasty = false): Slices {
  return new Slices(testClock(isHasty));
}

/** People who become one and move between shards, and events with everything that a field can hold. */
export async function randomCore(seed: number, shardCount: number): Promise<Core> {
  const core = Core.fresh(shardCount, { hashSeed: seed, isAutoFlush: true });
  const random = randomOf(seed);
  for (const batch of traffic(seed, { batchCount: 25, people: 12, hasRetries: true })) await core.ingest(batch);
  for (let b = 0; b < 6; b++) await core.ingest(Array.from({ length: 40 }, () => richItem(random)));
  for (const batch of traffic(seed + 1, { batchCount: 10, people: 12, hasRetries: true })) await core.ingest(batch);
  return core;
}

const EVENTS = ['Order Completed', 'Order Refunded', 'Page Opened', 'Rare Thing', 'Group Joined'];
const LIBRARIES = ['analytics-node', 'analytics.js', 'kith-ios'];

function richItem(random: Random): Item {
  const userId = `u${random.below(60)}`;
  const timestamp = new Date(START_MS - random.below(90 * 86_400_000)).toISOString();
  const context = {
    ...(random.chance(70) ? { library: { name: random.pick(LIBRARIES), version: `1.${random.below(3)}` } } : {}),
    ...(random.chance(20) ? { seen: [{ at: timestamp, by: `b${random.below(4)}` }] } : {}),
  };
  switch (random.below(4)) {
    case 0:
      return { type: 'identify', userId, timestamp, traits: fields(random) };
    case 1:
      return {
        type: 'group',
        userId,
        timestamp,
        context,
        groupId: `g${random.below(5)}`,
        traits: { industry: random.pick(['tools', 'food']), seats: random.below(9) },
      };
    default: {
      const event = random.chance(3) ? `Once ${random.below(1e6)}` : random.pick(EVENTS.slice(0, 4));
      return { type: 'track', userId, timestamp, context, event, properties: fields(random) };
    }
  }
}

function fields(random: Random): Readonly<Record<string, unknown>> {
  const all: Readonly<Record<string, () => unknown>> = {
    country: () => random.pick(['DE', 'FR', 'IT', 'Ünited', '']),
    total: () => random.pick([random.below(30), -0, 0.1 * random.below(50), 1e12]),
    mixed: () => random.pick<unknown>([1, 'one', true, null, [1], { deep: 1 }, '2026-01-01']),
    birthday: () => new Date(START_MS - random.below(1e12)).toISOString().slice(0, 10),
    comment: () => `c${random.below(1e6)} ${'x'.repeat(random.below(90))}`,
    isStaff: () => random.chance(30),
    gone: () => null,
    address: () => ({ city: `City ${random.below(9)}`, ...(random.chance(50) ? { zip: random.below(99) } : {}) }),
    products: () =>
      Array.from({ length: random.below(4) }, () => ({
        sku: `S${random.below(9)}`,
        price: random.below(5),
        tags: ['a'],
      })),
    'odd.name': () => 'dot',
  };
  return Object.fromEntries(
    Object.entries(all)
      .filter(() => random.chance(45))
      .map(([name, make]) => [name, make()]),
  );
}
