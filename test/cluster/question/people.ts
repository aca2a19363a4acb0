/** People and orders enough for estimates, for pages in several pieces, and for texts that do not fit into one message. */
import type { Engine } from '../../../src/engine/engine.ts';

export const NOW_MS = Date.parse('2026-03-15T12:00:00Z');
const DAY_MS = 86_400_000;
const PEOPLE_PER_BATCH = 1_000;

/** A number from 0 to `below` that looks random and depends on `n` alone. */
export function drawn(n: number, below: number): number {
  return (Math.imul(n + 1, 2_654_435_761) >>> 8) % below;
}

export function personName(n: number): string {
  return `person-${n}-${'x'.repeat(20 + drawn(n, 20))}`;
}

/** Nobody without an order; a third with two. `from`: the number of the first. */
export async function populate(engine: Engine, peopleCount: number, from = 0): Promise<void> {
  for (let first = 0; first < peopleCount; first += PEOPLE_PER_BATCH) {
    const items: unknown[] = [];
    for (let n = first; n < Math.min(first + PEOPLE_PER_BATCH, peopleCount); n++) items.push(...itemsOf(from + n));
    const { rejected } = await engine.ingest(items, { ack: 'applied' });
    if (rejected.length > 0) throw new TypeError(rejected[0].message);
  }
}

function itemsOf(n: number): readonly unknown[] {
  const userId = personName(n);
  const timestamp = (days: number): string => new Date(NOW_MS - days * DAY_MS).toISOString();
  const traits = {
    country: ['DE', 'FR', 'Ä😀', '', 7, true][drawn(n, 6)],
    age: drawn(n, 80) / 2,
    tags: [['a'], ['a', 'b'], [], ['b', 1, false]][drawn(n, 4)],
    code: `c${drawn(n, 500)}`,
  };
  const order = (k: number): object => ({
    type: 'track',
    userId,
    event: 'Order Completed',
    timestamp: timestamp(drawn(n * 3 + k, 200) / 2),
    properties: {
      total: drawn(n + k, 400) / 4,
      order: `o${drawn(n + k, 9_000)}`,
      sku: ['A', 'B', ['A', 'C'], 5, true][drawn(n + k, 5)],
      note: `${n}.${k} ${'ü'.repeat(100)}`,
    },
  });
  const visit = { type: 'track', userId, event: 'Visit', timestamp: timestamp(drawn(n, 300) / 3), properties: {} };
  return [
    { type: 'identify', userId, timestamp: timestamp(120), traits },
    visit,
    order(0),
    ...(n % 3 === 0 ? [order(1)] : []),
  ];
}
