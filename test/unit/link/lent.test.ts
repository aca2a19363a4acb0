/** Calls whose question and answer are bytes that nobody copies: who gets what, in which turn, and what happens when it goes wrong. */
import { describe, expect, test } from 'vitest';
import type { AnswerTaker } from '../../../src/link/peer.ts';
import { Peer } from '../../../src/link/peer.ts';
import { EngineError } from '../../../src/model/error.ts';
import { SeededWorld } from './seeded-world.ts';
import { encoded, HeldChannel, twoPeers } from './two-peers.ts';

/** What became of calls, in order; bytes as they were when they came. */
class Book {
  readonly answers: [name: unknown, answer: unknown][] = [];
  readonly errors: [name: unknown, code: string][] = [];

  taker(name: unknown): AnswerTaker {
    return {
      resolve: (answer) => this.answers.push([name, answer instanceof Uint8Array ? [...answer] : answer]),
      reject: (error) => this.errors.push([name, error instanceof EngineError ? error.code : String(error)]),
    };
  }
}

describe('ask', () => {
  test('gives many answers in the order asked, from memory that the other end writes to again', async () => {
    const shared = new Uint8Array(3);
    const book = new Book();
    const { world, caller } = await twoPeers({
      add: (question) => {
        const asked = question as Uint8Array;
        for (let i = 0; i < shared.length; i++) shared[i] = asked[i] + 1;
        return shared;
      },
    });
    for (let i = 0; i < 100; i++) caller.ask('add', Uint8Array.of(i, i + 1, i + 2), { timeoutMs: 50 }, book.taker(i));
    expect(book.answers).toEqual([]);
    await world.runTo(100);
    expect(book.answers).toEqual(Array.from({ length: 100 }, (_, i) => [i, [i + 1, i + 2, i + 3]]));
    expect([book.errors, caller.pendingCount]).toEqual([[], 0]);
  });

  test('one that fails among many fails alone', async () => {
    const book = new Book();
    const { world, caller } = await twoPeers({
      odd: (question) => {
        if ((question as Uint8Array)[0] === 3) throw new EngineError('history_not_kept', 'too long ago');
        return question;
      },
    });
    for (let i = 0; i < 6; i++) caller.ask('odd', Uint8Array.of(i), undefined, book.taker(i));
    caller.ask('even', Uint8Array.of(1), undefined, book.taker('nobody'));
    await world.runTo(100);
    expect(book.answers.map(([name]) => name)).toEqual([0, 1, 2, 4, 5]);
    expect(book.errors).toEqual([
      [3, 'history_not_kept'],
      ['nobody', 'internal'],
    ]);
  });

  test('an answer that does not come in time is given up, and one that comes later harms nobody', async () => {
    const book = new Book();
    const answers: ((bytes: Uint8Array) => void)[] = [];
    const { world, caller, callee } = await twoPeers({
      hold: () => new Promise((resolve) => answers.push(resolve)),
      echo: (question) => question,
    });
    caller.ask('hold', Uint8Array.of(1), { timeoutMs: 100 }, book.taker('late'));
    await world.runTo(99);
    expect(book.errors).toEqual([]);
    await world.runTo(120);
    expect(book.errors).toEqual([['late', 'deadline_exceeded']]);
    for (const answer of answers) answer(Uint8Array.of(9));
    caller.ask('echo', Uint8Array.of(7), { timeoutMs: 100 }, book.taker('next'));
    await world.runTo(300);
    expect(book.answers).toEqual([['next', [7]]]);
    expect([caller.isClosed, callee.runningCount]).toEqual([false, 0]);
  });

  test('those under way when the link breaks are told so once, and no other is sent', async () => {
    const book = new Book();
    const { world, network, caller } = await twoPeers({ hold: () => new Promise(() => undefined) });
    for (let i = 0; i < 20; i++) caller.ask('hold', Uint8Array.of(i), { timeoutMs: 10_000 }, book.taker(i));
    await world.runTo(50);
    network.kill('shard-1');
    await world.runTo(100);
    expect(book.errors).toEqual(Array.from({ length: 20 }, (_, i) => [i, 'shard_unavailable']));
    expect(() => caller.ask('hold', Uint8Array.of(1), undefined, book.taker('no'))).toThrow(EngineError);
    await world.runTo(20_000);
    expect(book.errors).toHaveLength(20);
    expect(book.answers).toEqual([]);
  });

  test('what is larger than a message may be is refused on either side, and the link goes on', async () => {
    const book = new Book();
    const large = new Uint8Array(5_000);
    const { world, caller } = await twoPeers(
      { grow: () => large, echo: (question) => question },
      { maxMessageBytes: 4_096 },
    );
    expect(() => caller.ask('echo', large, undefined, book.taker('question'))).toThrow(/the limit is 4096/);
    caller.ask('grow', Uint8Array.of(1), undefined, book.taker('answer'));
    caller.ask('echo', Uint8Array.of(2), undefined, book.taker('next'));
    await world.runTo(100);
    expect(book.errors).toEqual([['answer', 'payload_too_large']]);
    expect(book.answers).toEqual([['next', [2]]]);
  });
});

test('a question that waits because answers are not read is kept, though the memory it came in is written to again', () => {
  const world = new SeededWorld(1);
  const channel = new HeldChannel();
  const seen: number[][] = [];
  const note = (question: unknown): Uint8Array => {
    seen.push([...(question as Uint8Array)]);
    return new Uint8Array(2_000);
  };
  const peer = new Peer(channel, { handlers: { note }, clock: world.clock, maxBufferedBytes: 3_000 });
  const say = (value: unknown): void => {
    const bytes = Uint8Array.from(encoded(value));
    channel.say(bytes);
    bytes.fill(0xff);
  };
  say([0, 'kith', 1]);
  for (let id = 0; id < 6; id++) say([1, id, 'note', null, Uint8Array.of(id, id)]);
  expect(seen.length).toBeLessThan(6);
  for (let left = 6; left > 0; left--) channel.take();
  expect(seen).toEqual(Array.from({ length: 6 }, (_, id) => [id, id]));
  expect(peer.isClosed).toBe(false);
});
