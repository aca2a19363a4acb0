import { describe, expect, it } from 'vitest';
import { Completer } from '../../../src/engine/completion/completer.ts';
import { type CompletionPart, completionParts } from '../../../src/engine/completion/completion-part.ts';
import { testSeed } from '../../process/seed.ts';
import { Core } from '../../sim/core.ts';
import { crossed, randomCore, slices } from './world.ts';

const TEXTS = [
  'country = "D" and (total between 1 and 2 or not mixed does not exist) or isStaff = true and odd',
  'did "Order Completed" where (total >= 2 and products.sku = "S1" and context.library.name = "ana") at least 3 times',
  'did "Page Opened" then "Rare Thing" where total > trait total within 15m without "Order"',
  'sum of total over "Order Completed" >= 2 and in segment german and comment = "c1',
  'account (industry = "to" and seats > 3) or address.city in ("City 1", "")',
  'mixed = 1 and birthday = "20',
];

const SEGMENTS = { keys: () => ['german', '2nd'] };

function completers({ shards }: Core): readonly Completer[] {
  return [
    new Completer(SEGMENTS, (ask) => completionParts(shards, ask, slices())),
    new Completer(SEGMENTS, async (ask) => {
      const answers = shards.map(async (shard) => crossed(await completionParts([shard], crossed(ask), slices(true))));
      return (await Promise.all(answers)).flat();
    }),
  ];
}

describe('completion from parts', () => {
  const seed = testSeed('completion from parts');

  it.each([1, 2, 5])('of %i shard(s) is that of the engine in one process', async (shardCount) => {
    const core = await randomCore(seed, shardCount);
    const [embedded, gathered] = completers(core);
    const kinds = new Set<string>();
    for (const text of TEXTS) {
      for (let position = 0; position <= text.length; position++) {
        const limit = position % 2 === 0 ? 3 : 200;
        const whole = await embedded.complete({ text, position, limit });
        expect(await gathered.complete({ text, position, limit })).toEqual(whole);
        for (const { kind } of whole.completions) kinds.add(kind);
      }
    }
    expect([...kinds].sort()).toEqual(['event', 'keyword', 'property', 'segment', 'trait', 'value']);
  });

  it('asks nobody where no name or value may stand', async () => {
    const completer = new Completer(SEGMENTS, () => Promise.reject(new Error('asked')));
    expect((await completer.complete({ text: 'in segment ' })).completions.map(({ label }) => label)).toContain(
      'german',
    );
    await expect(completer.complete({ text: 'country = ' })).rejects.toThrow('asked');
  });

  it('says of a count that it is an estimate where a shard may have more', async () => {
    const core = Core.fresh(2, { hashSeed: 3, isAutoFlush: true });
    const people = Array.from({ length: 18_000 }, (_, i) => ({
      type: 'identify',
      userId: `u${i}`,
      traits: { city: i % 3 === 0 ? 'Ulm' : `Town ${i}`, plan: i % 2 === 0 ? 'pro' : 'free' },
    }));
    for (let from = 0; from < people.length; from += 2_000) await core.ingest(people.slice(from, from + 2_000));
    for (const completer of completers(core)) {
      const { completions } = await completer.complete({ text: 'city = ', limit: 5 });
      // Told by all shards; the others by one, and the other may have it too.
      expect(completions[0]).toEqual({ insert: '"Ulm"', label: 'Ulm', kind: 'value', count: 6_000 });
      expect(completions.slice(1).every(({ isEstimate }) => isEstimate === true)).toBe(true);
      // Of columns this long a part is looked at.
      const [name] = (await completer.complete({ text: 'cit' })).completions;
      expect(name).toEqual({ insert: 'city', label: 'city', kind: 'trait', count: 18_000, isEstimate: true });
      const plans = await completer.complete({ text: 'plan = ' });
      expect(plans.completions.slice(0, 2).map(({ label, count, isEstimate }) => [label, count, isEstimate])).toEqual([
        ['pro', 9_000, undefined],
        ['free', 9_000, undefined],
      ]);
    }
  });

  it('puts what is in the context after all properties, the usual ones first', async () => {
    const part: CompletionPart = {
      slots: [
        {
          names: [['rare', 1, false]],
          contexts: [
            ['page.url', 100, false],
            ['ip', 50, true],
          ],
        },
      ],
    };
    for (const count of [1, 3]) {
      const completer = new Completer(SEGMENTS, () => Promise.resolve(Array.from({ length: count }, () => part)));
      const { completions } = await completer.complete({ text: 'did "E" where ', limit: 3 });
      expect(completions.map(({ label, count, isEstimate }) => [label, count, isEstimate])).toEqual([
        ['rare', count, undefined],
        ['context.page.url', 100 * count, undefined],
        ['context.ip', 50 * count, true],
      ]);
    }
  });
});
