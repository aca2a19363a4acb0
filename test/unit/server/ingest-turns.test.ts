import { expect, test } from 'vitest';
import { IngestTurns } from '../../../src/server/ingest-turns.ts';

const KIB = 1_024;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work that finds nothing before it is done at once, up to a portion of the turn', async () => {
  const turns = new IngestTurns();
  expect(turns.takes(10 * KIB)).toBe(true);
  expect(turns.takes(10 * KIB)).toBe(true);
  expect(turns.takes(1)).toBe(false);
  await nextTurn();
  expect(turns.takes(1)).toBe(true);
});

test('a burst is done in order, about a portion a turn, and the sockets get their turn between', async () => {
  const turns = new IngestTurns();
  const done: number[] = [];
  const doneByTurn: number[] = [];
  for (let index = 0; index < 64; index++) turns.later(5 * KIB, () => done.push(index));
  expect(done).toEqual([]);
  while (done.length < 64) {
    // Whatever is polled in this turn comes before the portion: nobody may jump the queue meanwhile.
    expect(turns.takes(1)).toBe(false);
    await nextTurn();
    doneByTurn.push(done.length);
  }
  expect(done).toEqual(Array.from({ length: 64 }, (_, index) => index));
  // Three of 5 KiB pass 16 KiB, with what each costs besides.
  expect(doneByTurn).toEqual(Array.from({ length: 22 }, (_, turn) => Math.min(64, 3 * (turn + 1))));
});

test('what was done in handlers of sockets counts for the portion of that turn', async () => {
  const turns = new IngestTurns();
  let isDone = false;
  expect(turns.takes(20 * KIB)).toBe(true);
  turns.later(1, () => {
    isDone = true;
  });
  await nextTurn();
  expect(isDone).toBe(false);
  await nextTurn();
  expect(isDone).toBe(true);
});

test('work larger than a portion is done in a turn of its own', async () => {
  const turns = new IngestTurns();
  const done: string[] = [];
  turns.later(1_000 * KIB, () => done.push('large'));
  turns.later(1, () => done.push('small'));
  await nextTurn();
  expect(done).toEqual(['large']);
  await nextTurn();
  expect(done).toEqual(['large', 'small']);
});

test('waiting bytes are copies, whatever becomes of the buffer', async () => {
  const turns = new IngestTurns();
  const shared = Buffer.alloc(100 * KIB);
  const seen: string[] = [];
  for (const [text, size] of [
    ['a', 100 * KIB],
    ['b', 3],
    ['c', 64 * KIB],
    ['d', 0],
  ] as const) {
    shared.fill(text);
    turns.laterCopied(shared.subarray(0, size), (copy) => seen.push(`${copy.length}${copy.toString('latin1', 0, 1)}`));
  }
  shared.fill('x');
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  expect(seen).toEqual([`${100 * KIB}a`, '3b', `${64 * KIB}c`, '0']);
});

test('past 64 MiB the oldest is done at once, so that memory is bounded and senders wait', () => {
  const turns = new IngestTurns();
  let done = 0;
  for (let index = 0; index < 100; index++) turns.later(1_024 * KIB, () => done++);
  expect(done).toBe(37);
});

test('who asks for a turn gets it in the order of asking', async () => {
  const turns = new IngestTurns();
  const order: number[] = [];
  expect(turns.turnFor(16 * KIB)).toBeUndefined();
  const asked = [1, 2, 3].map((index) => turns.turnFor(16 * KIB)?.then(() => order.push(index)));
  await nextTurn();
  expect(order).toEqual([]);
  await nextTurn();
  expect(order).toEqual([1]);
  await Promise.all(asked);
  expect(order).toEqual([1, 2, 3]);
});
