/** The index by itself: versions that stay as they were, people who vanish, and the same whether built step by step or at once. */
import { expect, test } from 'vitest';
import { AccountBook } from '../../../src/engine/account/account-book.ts';
import { AccountTable } from '../../../src/engine/account/account-table.ts';
import { PersonLinksWriter } from '../../../src/engine/account/person-links.ts';
import { Core } from '../../sim/core.ts';

const fresh = (): Core => Core.fresh(2, { hashSeed: 1, isAutoFlush: true });
const bookOf = (core: Core): AccountBook =>
  new AccountBook(
    core.shards.map(({ data }) => data),
    (sources) => new AccountTable(sources),
  );
let message = 0;
const group = (userId: string, groupId: string, day: number, traits = {}): Record<string, unknown> => ({
  type: 'group',
  userId,
  groupId,
  traits,
  messageId: `m${message++}`,
  timestamp: `2025-01-0${day}T00:00:00.000Z`,
});

test('a version of the links stays as it was', () => {
  const writer = new PersonLinksWriter();
  writer.set(3, [1]);
  writer.set(5_000, [1, 2]);
  const first = writer.version();
  expect(writer.version()).toBe(first);
  writer.set(3, [2]);
  writer.set(4, [7]);
  writer.set(5_000, []);
  const seen = (links: typeof first): [number, readonly number[]][] => {
    const found: [number, readonly number[]][] = [];
    links.forEach((row, accounts) => {
      found.push([row, accounts]);
    });
    return found;
  };
  expect(seen(first)).toEqual([
    [3, [1]],
    [5_000, [1, 2]],
  ]);
  expect(seen(writer.version())).toEqual([
    [3, [2]],
    [4, [7]],
  ]);
  expect([first.of(4), first.of(99_999)]).toEqual([[], []]);
});

test('what somebody said who is gone is forgotten, and an account of which nothing is left with it', async () => {
  const core = fresh();
  await core.ingest([
    group('ada', 'acme', 1, { plan: 'free' }),
    group('bob', 'acme', 2, { plan: 'pro' }),
    group('bob', 'solo', 3, { plan: 'pro' }),
  ]);
  const book = bookOf(core);
  book.view();
  const acme = book.table.find('acme')!;
  const solo = book.table.find('solo')!;
  const planOf = (account: number): string | undefined => {
    const column = book.table.data.profiles.traits.find(({ segments }) => segments[0] === 'plan');
    const code = column?.strings?.codes.get(account) ?? 0;
    return code === 0 ? undefined : column?.strings?.dictionary.text(code);
  };
  expect([planOf(acme), book.peopleCountOf(acme), book.table.emptyAccounts.size]).toEqual(['pro', 2, 0]);
  const bob = core.router.locate({ type: 'user_id', value: 'bob' })!;
  bob.shard.data.bury(bob.row);
  book.view();
  expect([planOf(acme), book.peopleCountOf(acme)]).toEqual(['free', 1]);
  expect([planOf(solo), book.peopleCountOf(solo), [...book.table.emptyAccounts]]).toEqual([undefined, 0, [solo]]);
  await core.ingest([group('ada', 'solo', 4, { plan: 'trial' })]);
  book.view();
  expect([planOf(solo), book.peopleCountOf(solo), book.table.emptyAccounts.size]).toEqual(['trial', 1, 0]);
});

test('slices and turns change nothing', async () => {
  const core = fresh();
  const inSlices = bookOf(core);
  for (let round = 0; round < 5; round++) {
    await core.ingest(
      Array.from({ length: 800 }, (_, i) =>
        group(`u${(i * 7 + round) % 300}`, `g${(i * round) % 40}`, 1 + ((i + round) % 9), {
          n: i,
          [`t${i % 3}`]: round,
        }),
      ),
    );
    let turnCount = 0;
    await inSlices.catchUp(
      async () => {
        turnCount += 1;
      },
      () => undefined,
    );
    expect(turnCount).toBeGreaterThan(0);
    const atOnce = bookOf(core);
    expect(contentOf(inSlices)).toEqual(contentOf(atOnce));
  }
});

function contentOf(book: AccountBook): unknown {
  const { links } = book.view();
  const { table } = book;
  const accounts = Array.from({ length: table.count }, (_, account) => {
    const traits = table.data.profiles.traits.map((column) => [
      column.segments.join('.'),
      column.numbers?.get(account),
    ]);
    return [table.idOf(account), book.peopleCountOf(account), traits];
  });
  const people: unknown[] = [];
  for (const [shard, shardLinks] of links.entries()) {
    shardLinks.forEach((row, list) => {
      people.push([shard, row, list.map((account) => table.idOf(account)).sort()]);
    });
  }
  return { accounts: accounts.map((account) => JSON.stringify(account)).sort(), people };
}
