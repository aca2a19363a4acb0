/** Calls between two peers: answers, errors, deadlines, cancellation, bounds, and what a broken end may do. */
import { describe, expect, test } from 'vitest';
import { type IncomingCall, Peer } from '../../../src/link/peer.ts';
import { EngineError } from '../../../src/model/error.ts';
import { SeededWorld } from './seeded-world.ts';
import { decoded, encoded, HeldChannel, rawAgainst, twoPeers } from './two-peers.ts';

const HELLO = encoded([0, 'kith', 1]);

interface Held {
  readonly args: unknown;
  readonly call: IncomingCall;
  readonly answer: (value: unknown) => void;
  readonly refuse: (error: unknown) => void;
}

/** A handler that answers when the test says so. */
function holding(): { held: Held[]; hold: (args: unknown, call: IncomingCall) => Promise<unknown> } {
  const held: Held[] = [];
  const hold = (args: unknown, call: IncomingCall): Promise<unknown> =>
    new Promise((answer, refuse) => held.push({ args, call, answer, refuse }));
  return { held, hold };
}

async function errorOf(promise: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) throw new Error(`not an EngineError: ${String(error)}`);
  return error;
}

describe('calls', () => {
  test('are answered out of order, each with its own answer', async () => {
    const { held, hold } = holding();
    const { world, caller, callee } = await twoPeers({ hold, double: (args) => Number(args) * 2 });
    const calls = Array.from({ length: 500 }, (_, index) => caller.call<number>('hold', index));
    const quick = caller.call<number>('double', 21);
    expect(await world.settle(quick)).toBe(42);
    expect([held.length, callee.runningCount, caller.pendingCount]).toEqual([500, 500, 500]);
    while (held.length > 0) {
      const [one] = held.splice(world.below(held.length), 1);
      one.answer({ of: one.args });
    }
    expect(await world.settle(Promise.all(calls))).toEqual(calls.map((_, index) => ({ of: index })));
    expect([callee.runningCount, caller.pendingCount]).toEqual([0, 0]);
  });

  test('go both ways, also from inside a handler', async () => {
    const { world, caller, callee } = await twoPeers({
      ask: async (_args, call) => call.peer!.call<string>('name', null).then((name) => `you are ${name}`),
    });
    // The caller has no handlers: it says so, and the error goes all the way back.
    expect((await errorOf(world.settle(caller.call('ask', null)))).message).toContain('no method "name"');
    expect(callee.isClosed).toBe(false);
  });

  test('of a name that every object has reach nobody', async () => {
    const { world, caller } = await twoPeers({});
    for (const name of ['constructor', '__proto__', 'toString', '']) {
      expect((await errorOf(world.settle(caller.call(name, null)))).code).toBe('internal');
    }
  });

  test('notifications arrive in order and their errors are told where they happened', async () => {
    const got: unknown[] = [];
    const { world, caller, faults } = await twoPeers({
      push: (args) => got.push(args),
      fail: () => Promise.reject(new Error('later')),
    });
    for (let index = 0; index < 50; index++) caller.notify('push', index);
    caller.notify('fail', null);
    caller.notify('nobody', null);
    await world.runTo(1_000);
    expect(got).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(faults.map(String)).toEqual(['Error: later', 'AssertionError: no method "nobody" on this end of the link']);
    expect(caller.isClosed).toBe(false);
  });
});

describe('errors', () => {
  test('keep code, message, details, span, pause and cause', async () => {
    const cause = new EngineError('memory_limit', 'no room', { retryAfterMs: 7 });
    const thrown = new EngineError('query_syntax', 'here', {
      details: { position: 3, of: ['a'] },
      span: { start: 3, end: 5 },
      retryAfterMs: 250,
      cause,
    });
    const { world, caller, faults } = await twoPeers({
      now: () => {
        throw thrown;
      },
      later: async () => Promise.reject(thrown),
    });
    for (const method of ['now', 'later']) {
      const error = await errorOf(world.settle(caller.call(method, null)));
      const { code, message, details, span, retryAfterMs } = error;
      expect({ code, message, details, span, retryAfterMs }).toEqual({
        code: 'query_syntax',
        message: 'here',
        details: { position: 3, of: ['a'] },
        span: { start: 3, end: 5 },
        retryAfterMs: 250,
      });
      expect(error.cause).toBeInstanceOf(EngineError);
      expect(error.cause).toMatchObject({ code: 'memory_limit', message: 'no room', retryAfterMs: 7 });
    }
    expect(faults).toEqual([]);
  });

  test('of other kinds are internal, without their stack, and told to whoever watches', async () => {
    const fault = new TypeError('x is not a function');
    const { world, caller, faults } = await twoPeers({ fail: () => Promise.reject(fault) });
    const error = await errorOf(world.settle(caller.call('fail', null)));
    expect([error.code, error.message]).toEqual(['internal', 'x is not a function']);
    expect(error.stack).not.toContain('at fail');
    expect(faults).toEqual([fault]);
  });

  test('whose details or answer cannot cross still arrive', async () => {
    const { world, caller, faults } = await twoPeers({
      answer: () => ({ of: new Map() }),
      fail: () => {
        throw new EngineError('overloaded', 'x', { details: { of: () => 1 } });
      },
    });
    expect((await errorOf(world.settle(caller.call('answer', null)))).code).toBe('internal');
    expect((await errorOf(world.settle(caller.call('fail', null)))).code).toBe('overloaded');
    expect(faults).toHaveLength(2);
  });

  test('an argument that cannot cross rejects the call and nothing is sent', async () => {
    const { world, caller } = await twoPeers({ echo: (args) => args ?? null });
    await expect(caller.call('echo', { of: () => 1 })).rejects.toThrow('no form on a link');
    expect(caller.pendingCount).toBe(0);
    expect(await world.settle(caller.call('echo', 1))).toBe(1);
  });

  test('a code of a later version arrives as internal and is told', async () => {
    const { world, peer, raw } = await rawAgainst({});
    raw.send(HELLO);
    await world.settle(peer.ready);
    const call = errorOf(peer.call('x', null));
    raw.send(encoded([3, 1, { code: 'constructor', message: 'm' }]));
    const { code, message, details } = await world.settle(call);
    expect({ code, message, details }).toEqual({ code: 'internal', message: 'm', details: { code: 'constructor' } });
  });
});

describe('deadlines', () => {
  test('reject the caller, abort the callee, and a late answer harms nothing', async () => {
    const { held, hold } = holding();
    const { world, caller, callee } = await twoPeers({ hold });
    const call = errorOf(caller.call('hold', 1, { timeoutMs: 100 }));
    await world.runTo(world.nowMs + 50);
    const { signal } = held[0].call;
    expect(signal.aborted).toBe(false);
    const error = await world.settle(call);
    expect([error.code, error.details]).toEqual(['deadline_exceeded', { timeoutMs: 100, isUnknownOutcome: true }]);
    await world.runTo(world.nowMs + 50);
    expect(signal.aborted).toBe(true);
    expect([caller.pendingCount, callee.runningCount]).toEqual([0, 0]);
    held[0].answer('late');
    await world.runTo(world.nowMs + 1_000);
    expect([caller.isClosed, callee.isClosed]).toEqual([false, false]);
  });

  test('pass on the callee by its own clock, with no word from the caller', async () => {
    const { held, hold } = holding();
    const { world, network, caller } = await twoPeers({ hold });
    void errorOf(caller.call('hold', 1, { timeoutMs: 100 }));
    await world.runTo(world.nowMs + 50);
    network.cut('shard-1');
    const { signal } = held[0].call;
    await world.runTo(world.nowMs + 100);
    expect(signal.reason).toMatchObject({ code: 'deadline_exceeded' });
  });

  test('many of different lengths all pass, each in its time', async () => {
    const { hold } = holding();
    const { world, caller } = await twoPeers({ hold });
    const startMs = world.nowMs;
    const passed: [number, number][] = [];
    const calls = Array.from({ length: 300 }, (_, index) => {
      const timeoutMs = 1 + ((index * 37) % 91);
      return errorOf(caller.call('hold', index, { timeoutMs })).then(() =>
        passed.push([timeoutMs, world.nowMs - startMs]),
      );
    });
    await world.settle(Promise.all(calls));
    expect(passed.filter(([timeoutMs, atMs]) => atMs !== timeoutMs)).toEqual([]);
    expect(passed).toHaveLength(300);
  });

  test('that have passed already send nothing', async () => {
    const { held, hold } = holding();
    const { world, caller } = await twoPeers({ hold });
    for (const timeoutMs of [0, -1, Number.NaN]) {
      expect((await errorOf(caller.call('hold', 1, { timeoutMs }))).code).toBe('deadline_exceeded');
    }
    await world.runTo(1_000);
    expect(held).toEqual([]);
  });
});

describe('cancelling', () => {
  test('rejects with the reason and aborts the handler', async () => {
    const { held, hold } = holding();
    const { world, caller, callee } = await twoPeers({ hold });
    const controller = new AbortController();
    const call = caller.call('hold', 1, { signal: controller.signal });
    const failed = expect(call).rejects.toThrow('enough');
    await world.runTo(world.nowMs + 50);
    controller.abort(new Error('enough'));
    await failed;
    await world.runTo(world.nowMs + 50);
    expect(held[0].call.signal.reason).toMatchObject({ code: 'query_cancelled' });
    held[0].refuse(held[0].call.signal.reason);
    await world.runTo(world.nowMs + 50);
    expect([callee.runningCount, caller.pendingCount, caller.isClosed]).toEqual([0, 0, false]);
  });

  test('before the call sends nothing; after the answer does nothing', async () => {
    const { held, hold } = holding();
    const { world, caller } = await twoPeers({ hold, echo: (args) => args });
    await expect(caller.call('hold', 1, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    const controller = new AbortController();
    expect(await world.settle(caller.call('echo', 5, { signal: controller.signal }))).toBe(5);
    controller.abort();
    await world.runTo(1_000);
    expect([held.length, caller.isClosed, caller.bufferedBytes]).toEqual([0, false, 0]);
  });
});

describe('the end of a link', () => {
  test('rejects what was sent as perhaps done, and what is called later as not', async () => {
    const { held, hold } = holding();
    const { world, network, caller, callee } = await twoPeers({ hold });
    const call = errorOf(caller.call('hold', 1));
    await world.runTo(world.nowMs + 50);
    network.kill('shard-1');
    const error = await world.settle(call);
    expect([error.code, error.details]).toEqual(['shard_unavailable', { isUnknownOutcome: true }]);
    expect(error.message).toContain('shard 1 broke: the connection was reset');
    await world.settle(Promise.all([caller.closed, callee.closed]));
    expect(held[0].call.signal.aborted).toBe(true);
    const later = await errorOf(caller.call('hold', 2));
    expect([later.code, later.details]).toEqual(['shard_unavailable', undefined]);
    expect(() => caller.notify('hold', 2)).toThrow('shard 1 broke');
    held[0].answer('late');
    await world.runTo(world.nowMs + 50);
  });

  test('in order: what was sent before arrives, then the other end hears of it', async () => {
    const got: unknown[] = [];
    const { world, caller, callee } = await twoPeers({ push: (args) => got.push(args) });
    for (let index = 0; index < 20; index++) caller.notify('push', index);
    caller.close();
    expect(caller.isClosed).toBe(true);
    await world.settle(Promise.all([caller.closed, callee.closed]));
    expect(got).toHaveLength(20);
    expect(callee.closeReason).toBe(undefined);
  });

  test('a handler may close it', async () => {
    const { world, caller } = await twoPeers({
      bye: (_args, call) => {
        call.peer!.close();
        return 1;
      },
    });
    expect((await errorOf(world.settle(caller.call('bye', null)))).code).toBe('shard_unavailable');
  });
});

describe('bounds', () => {
  test('a message too large refuses that call only, on either side', async () => {
    const { world, caller } = await twoPeers(
      { size: (args) => (args instanceof Uint8Array ? args.length : -1), make: (args) => new Uint8Array(Number(args)) },
      { maxMessageBytes: 10_000 },
    );
    const refused = await errorOf(caller.call('size', new Uint8Array(10_001)));
    expect([refused.code, refused.details]).toEqual(['payload_too_large', { limit: 10_000 }]);
    expect((await errorOf(world.settle(caller.call('make', 10_001)))).code).toBe('payload_too_large');
    expect(await world.settle(caller.call('size', new Uint8Array(9_000)))).toBe(9_000);
    expect(await world.settle(caller.call('make', 9_000))).toHaveLength(9_000);
  });

  test('a message too large that arrives closes the link', async () => {
    const { world, caller, callee } = await twoPeers({}, { maxMessageBytes: 1_000 }, 1, {});
    const call = errorOf(caller.call('x', new Uint8Array(1_001)));
    expect((await world.settle(call)).details).toEqual({ isUnknownOutcome: true });
    expect(callee.closeReason?.message).toContain('the limit is 1000');
  });

  test('more calls than allowed are overloaded, on either side, and the others go on', async () => {
    const { held, hold } = holding();
    const near = await twoPeers({ hold }, { maxConcurrentCalls: 3 });
    const calls = [1, 2, 3].map((args) => near.caller.call('hold', args));
    expect((await errorOf(near.caller.call('hold', 4))).code).toBe('overloaded');
    await near.world.runTo(near.world.nowMs + 50);
    for (const one of held.splice(0)) one.answer(one.args);
    expect(await near.world.settle(Promise.all(calls))).toEqual([1, 2, 3]);

    const far = await twoPeers({ hold }, { maxConcurrentCalls: 3 }, 1, {});
    const many = [1, 2, 3].map((args) => far.caller.call('hold', args));
    expect((await errorOf(far.world.settle(far.caller.call('hold', 4)))).code).toBe('overloaded');
    for (const one of held.splice(0)) one.answer(one.args);
    expect(await far.world.settle(Promise.all(many))).toEqual([1, 2, 3]);
  });

  test('whoever waits for drained() keeps what is buffered near the bound', async () => {
    let received = 0;
    const limit = 100_000;
    const { world, caller } = await twoPeers(
      { push: (args) => (received += args instanceof Uint8Array ? args.length : 0) },
      { maxBufferedBytes: limit },
    );
    let highest = 0;
    const sender = async (): Promise<void> => {
      for (let index = 0; index < 500; index++) {
        await caller.drained();
        caller.notify('push', new Uint8Array(10_000));
        highest = Math.max(highest, caller.bufferedBytes);
      }
    };
    await world.settle(sender());
    await world.runTo(world.nowMs + 1_000);
    expect(received).toBe(5_000_000);
    expect(highest).toBeGreaterThan(limit);
    expect(highest).toBeLessThan(limit + 11_000);
  });

  test('whoever does not wait is refused, and the link lives', async () => {
    const { world, network, caller } = await twoPeers({ echo: (args) => args }, { maxBufferedBytes: 1_000 });
    network.cut('shard-1');
    const send = (): void => {
      for (let index = 0; index < 10; index++) caller.notify('echo', new Uint8Array(1_000));
    };
    expect(send).toThrow('wait for drained()');
    expect(caller.bufferedBytes).toBeLessThan(6_000);
    let isDrained = false;
    void caller.drained().then(() => {
      isDrained = true;
    });
    await world.runTo(world.nowMs + 1_000);
    expect(isDrained).toBe(false);
    network.heal('shard-1');
    expect(await world.settle(caller.drained().then(() => caller.call('echo', 1)))).toBe(1);
    expect(isDrained).toBe(true);
  });

  test('requests of an end that does not read its answers wait, with their order and their deadlines', () => {
    const ran: unknown[] = [];
    const world = new SeededWorld(1);
    const channel = new HeldChannel();
    const make = (args: unknown): Uint8Array => {
      ran.push(args);
      return new Uint8Array(2_000);
    };
    const handlers = { make, push: (args: unknown) => ran.push(args) };
    const peer = new Peer(channel, { handlers, clock: world.clock, maxBufferedBytes: 5_000 });
    channel.say(HELLO);
    for (let id = 0; id < 20; id++) channel.say(encoded([1, id, 'make', id === 15 ? 40 : null, id]));
    channel.say(encoded([5, 'push', 'last']));
    // Three answers went over the bound, and there it stopped.
    expect(ran).toEqual([0, 1, 2]);
    expect(channel.bufferedBytes).toBeLessThan(8_000);
    world.nowMs += 100;
    for (let round = 0; round < 10; round++) channel.take();
    const inTime = Array.from({ length: 20 }, (_, id) => id).filter((id) => id !== 15);
    expect(ran).toEqual([...inTime, 'last']);
    const answers = channel.sent.map(decoded).filter((one): one is unknown[] => Array.isArray(one) && one[0] !== 0);
    expect(answers.map(([kind, id]) => [kind, id])).toEqual(
      Array.from({ length: 20 }, (_, id) => [id === 15 ? 3 : 2, id]),
    );
    expect(channel.highestBytes).toBeLessThan(8_000);
    expect(peer.isClosed).toBe(false);
  });

  test('while requests wait, answers do not: two ends that ask each other go on', async () => {
    const world = new SeededWorld(1);
    const channel = new HeldChannel();
    const handlers = { make: () => new Uint8Array(6_000) };
    const peer = new Peer(channel, { handlers, clock: world.clock, maxBufferedBytes: 5_000 });
    channel.say(HELLO);
    const call = peer.call('theirs', null);
    for (const id of [1, 2]) channel.say(encoded([1, id, 'make', null, null]));
    channel.say(encoded([2, 1, 'answered']));
    expect(await world.settle(call)).toBe('answered');
    expect(channel.bufferedBytes).toBeLessThan(7_000);
  });

  test('asking on without end and never reading closes the link', () => {
    for (const limits of [
      { maxBufferedBytes: 5_000, maxConcurrentCalls: 50 },
      { maxBufferedBytes: 500, maxConcurrentCalls: 5_000 },
    ]) {
      const world = new SeededWorld(1);
      const channel = new HeldChannel();
      let ran = 0;
      const make = (): Uint8Array => {
        ran++;
        return new Uint8Array(2_000);
      };
      const peer = new Peer(channel, { handlers: { make }, clock: world.clock, ...limits });
      channel.say(HELLO);
      let said = 0;
      for (; said < 1_000 && !peer.isClosed; said++) channel.say(encoded([1, said, 'make', null, null]));
      expect(peer.closeReason?.message).toContain('does not read its answers');
      expect([ran, said < 70]).toEqual([limits.maxBufferedBytes === 500 ? 1 : 3, true]);
      channel.take();
      expect(ran).toBeLessThan(4);
    }
  });
});

describe('a broken end', () => {
  const BAD: readonly (readonly [what: string, message: Uint8Array])[] = [
    ['bytes that are no message', Uint8Array.of(0xc1, 1, 2)],
    ['an empty array', encoded([])],
    ['an unknown kind', encoded([9, 1])],
    ['a kind that is no number', encoded(['a', 1])],
    ['too few parts', encoded([1, 1, 'm'])],
    ['too many parts', encoded([4, 1, 1])],
    ['bytes behind the end', Uint8Array.from([...encoded([4, 1]), 0])],
    ['a method that is no text', encoded([1, 1, 5, null, null])],
    ['a timeout that is no number', encoded([1, 1, 'm', 'soon', null])],
    ['an id that is no number', encoded([1, 'x', 'm', null, null])],
    ['a second hello', HELLO],
  ];
  for (const [what, message] of BAD) {
    test(`that sends ${what} loses its link; pending calls are told`, async () => {
      const { world, peer, raw } = await rawAgainst({});
      raw.send(HELLO);
      await world.settle(peer.ready);
      const call = errorOf(peer.call('x', null));
      raw.send(message);
      const error = await world.settle(call);
      expect(error.code).toBe('shard_unavailable');
      expect(error.message).toContain('shard 1 broke: it sent what is not a message of the link');
      expect(peer.closeReason?.code).toBe('shard_unavailable');
      await world.runTo(world.nowMs + 50);
    });
  }

  test('that speaks before its hello, or another protocol, or version, loses its link', async () => {
    const firsts: [Uint8Array, string][] = [
      [encoded([4, 1]), 'a hello is the first message'],
      [encoded([0, 'http', 1]), 'another protocol'],
      [encoded([0]), 'another protocol'],
      [encoded([0, 'kith', 2, 'more']), 'shard 1 speaks version 2 of the link and this process version 1'],
    ];
    for (const [first, message] of firsts) {
      const { world, peer, raw } = await rawAgainst({});
      raw.send(first);
      expect((await errorOf(world.settle(peer.ready))).message).toContain(message);
      await world.settle(peer.closed);
    }
  });

  test('that answers what nobody asked, or cancels what is not running, is forgiven', async () => {
    const { world, peer, raw, got } = await rawAgainst({ echo: (args) => args });
    for (const one of [HELLO, encoded([2, 99, 1]), encoded([3, 98, {}]), encoded([4, 97])]) raw.send(one);
    raw.send(encoded([1, 7, 'echo', null, 'still there']));
    await world.runTo(1_000);
    expect([peer.isClosed, got.at(-1)]).toEqual([false, [2, 7, 'still there']]);
  });

  test('that uses an id twice at a time loses its link and its call is aborted', async () => {
    const { held, hold } = holding();
    const { world, peer, raw } = await rawAgainst({ hold });
    for (const one of [HELLO, encoded([1, 7, 'hold', null, 1]), encoded([1, 7, 'hold', null, 2])]) raw.send(one);
    await world.settle(peer.closed);
    expect(held[0].call.signal.aborted).toBe(true);
  });
});
