import { describe, expect, it } from 'vitest';
import { restartPauseMs } from '../../../src/supervisor/restart-pause.ts';
import { type FakeChild, makeWorld, NO_STATS, type World, type WorldOptions } from './fake-world.ts';

/** How a promise stands when all that is due now has run. */
async function standing(promise: Promise<unknown>): Promise<string> {
  const pending = Symbol('pending');
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
  return await Promise.race([promise, Promise.resolve(pending)]).then(
    (value) => (value === pending ? 'pending' : 'done'),
    (error: Error) => error.message,
  );
}

describe('start', () => {
  it('starts shards, then routers, and is ready when all serve', async () => {
    const { supervisor, children, child } = makeWorld();
    supervisor.start();
    expect(children.map(({ role, index }) => [role, index])).toEqual([
      ['shard', 0],
      ['shard', 1],
    ]);
    child('shard', 0).serve();
    expect(children).toHaveLength(2);
    child('shard', 1).serve('http://127.0.0.1:5001');
    expect(children.map(({ role }) => role)).toEqual(['shard', 'shard', 'router']);
    expect(await standing(supervisor.ready)).toBe('pending');
    child('router', 0).serve();
    expect(await standing(supervisor.ready)).toBe('done');
    expect(supervisor.view()).toMatchObject({
      mode: 'cluster',
      slots: 1_024,
      shards: [
        { index: 0, pid: 100, state: 'up', slotCount: 512, slotRanges: [[0, 511]], restarts: 0, address: '' },
        { index: 1, pid: 101, state: 'up', slotRanges: [[512, 1_023]], address: 'http://127.0.0.1:5001' },
      ],
      routers: [{ pid: 102, state: 'up', restarts: 0 }],
    });
  });

  it('serves without a shard that cannot start, and is ready when it can', async () => {
    const { supervisor, child, clock } = makeWorld();
    supervisor.start();
    child('shard', 0).serve();
    const broken = child('shard', 1);
    broken.events.onGreeted();
    broken.events.onFailed({ code: 'storage_failed', message: 'the disk is full' });
    broken.end({ code: 1 });
    child('router', 0).serve();
    expect(await standing(supervisor.ready)).toBe('pending');
    expect(supervisor.view().shards[1]).toMatchObject({
      state: 'starting',
      restarts: 1,
      note: 'ended with code 1: the disk is full',
    });
    expect(
      child('router', 0)
        .maps.at(-1)
        ?.shards.map(({ state }) => state) ?? [],
    ).toEqual([]);
    clock.advance(10_000);
    child('shard', 1).serve();
    expect(
      child('router', 0)
        .maps.at(-1)
        ?.shards.map(({ state }) => state),
    ).toEqual(['up', 'up']);
    expect(await standing(supervisor.ready)).toBe('done');
    expect(supervisor.view().shards[1]?.note).toBeUndefined();
  });

  it('ends with what trying cannot mend, all processes first', async () => {
    const { supervisor, child } = makeWorld();
    supervisor.start();
    child('shard', 1).events.onGreeted();
    child('shard', 1).events.onFailed({ code: 'invalid_request', message: 'it was made by another version' });
    child('shard', 1).end({ code: 1 });
    expect(await standing(supervisor.ready)).toBe('pending');
    expect(child('shard', 0).stops).toBe(1);
    child('shard', 0).end({ code: 0 });
    expect(await standing(supervisor.ready)).toBe('shard 1: it was made by another version');
    expect(await standing(supervisor.ended)).toBe('done');
  });

  it('kills a process that does not say who it is, and tries again when none can be made', () => {
    const { supervisor, child, children, clock } = makeWorld({ shards: 1, refusals: 3 });
    supervisor.start();
    expect(children.map(({ role }) => role)).toEqual(['router']);
    clock.advance(149);
    expect(children).toHaveLength(1);
    clock.advance(1);
    expect(children).toHaveLength(2);
    clock.advance(59_999);
    expect(child('shard', 0).kills).toBe(0);
    clock.advance(1);
    expect(child('shard', 0).kills).toBe(1);
    child('shard', 0).end();
    expect(supervisor.view().shards[0]?.note).toBe('ended by SIGKILL: it did not say who it is');
  });
});

describe('a death', () => {
  it('is mended at once, and everybody is told by maps of growing epochs', () => {
    const { supervisor, child, children, serveAll } = makeWorld();
    supervisor.start();
    serveAll();
    const router = child('router', 0);
    const before = router.maps.length;
    child('shard', 1).end();
    expect(children.map(({ role, index }) => `${role} ${index}`)).toEqual([
      'shard 0',
      'shard 1',
      'router 0',
      'shard 1',
    ]);
    child('shard', 1).serve();
    const told = router.maps.slice(before);
    expect(told.map(({ shards }) => shards[1]?.state)).toEqual(['down', 'starting', 'up']);
    expect(told.map(({ shards }) => shards[0]?.state)).toEqual(['up', 'up', 'up']);
    const epochs = router.maps.map(({ epoch }) => epoch);
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    expect(told.at(-1)?.shards[1]).toMatchObject({ pid: 103, restarts: 1, address: 'unix:/run/shard-1.sock' });
    // The dead one hears nothing any more, and nothing that it says counts.
    expect(children[1].maps).toHaveLength(before + children[1].maps.length - before);
    children[1].events.onServing('http://nowhere');
    children[1].end();
    expect(supervisor.view().shards[1]).toMatchObject({ state: 'up', restarts: 1 });
  });

  it('of a router touches no shard', () => {
    const { supervisor, child, children, serveAll } = makeWorld({ routers: 2 });
    supervisor.start();
    serveAll();
    const { epoch } = supervisor.map;
    child('router', 1).end();
    expect(children.at(-1)).toMatchObject({ role: 'router', index: 1, pid: 104 });
    expect(supervisor.map.epoch).toBe(epoch);
    expect(supervisor.view().routers.map(({ state }) => state)).toEqual(['up', 'starting']);
  });

  it('again and again is a crash loop, told and tried on with longer pauses, until it served for a minute', () => {
    const { supervisor, child, children, clock, log, serveAll } = makeWorld({ random: 2 ** 32 - 1 });
    supervisor.start();
    serveAll();
    const pauses: number[] = [];
    for (let death = 1; death <= 12; death += 1) {
      child('shard', 0).end({ code: 134 });
      const count = children.length;
      const startMs = clock.nowMs();
      const isAtOnce = death === 1;
      for (let i = 0; !isAtOnce && children.length === count && i < 10_001; i += 1) clock.advance(1);
      pauses.push(clock.nowMs() - startMs);
    }
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000]);
    expect(log.filter(({ message }) => message.startsWith('crash loop'))).toHaveLength(8);
    expect(supervisor.view().shards[0]?.note).toBe('crash loop: ended with code 134 before it served');
    child('shard', 0).serve();
    expect(supervisor.view().shards[0]?.note).toBeUndefined();
    clock.advance(60_000);
    const count = children.length;
    child('shard', 0).end();
    expect(children).toHaveLength(count + 1);
  });

  it('pauses are random from the half to the whole', () => {
    expect(restartPauseMs(3, { nextUint32: () => 0 })).toBe(100);
    expect(restartPauseMs(3, { nextUint32: () => 2 ** 32 - 1 })).toBe(200);
    expect(restartPauseMs(1_000, { nextUint32: () => 0 })).toBe(5_000);
  });

  it('is made by the supervisor when a process hangs', () => {
    const { supervisor, child, clock, log, serveAll } = makeWorld({ shards: 1 });
    supervisor.start();
    serveAll();
    for (let second = 0; second < 300; second += 1) {
      clock.advance(1_000);
      for (const role of ['shard', 'router'] as const) child(role, 0).events.onStats(NO_STATS);
    }
    expect(child('shard', 0).kills).toBe(0);
    for (let second = 0; second < 119; second += 1) {
      clock.advance(1_000);
      child('router', 0).events.onStats(NO_STATS);
    }
    expect(child('shard', 0).kills).toBe(0);
    expect(log.some(({ message }) => message === 'a process says nothing')).toBe(true);
    clock.advance(31_000);
    expect(child('shard', 0).kills).toBe(1);
    expect(child('router', 0).kills).toBe(0);
  });
});

describe('what is told', () => {
  it('rates are per second, of one process', () => {
    const { supervisor, child, clock, serveAll } = makeWorld({ shards: 1 });
    supervisor.start();
    serveAll();
    const shard = child('shard', 0);
    clock.advance(1_000);
    shard.events.onStats({ ...NO_STATS, accepted: 500, lookups: 10, appliedSeq: 9, durableSeq: 7 });
    clock.advance(2_000);
    shard.events.onStats({ ...NO_STATS, accepted: 1_500, lookups: 10, profiles: 3, events: 4, memoryBytes: 5 });
    expect(supervisor.view().shards[0]).toMatchObject({
      eventsPerSecond: 500,
      lookupsPerSecond: 0,
      profiles: 3,
      events: 4,
      memoryBytes: 5,
    });
    shard.end();
    const view = supervisor.view().shards[0];
    expect([view?.profiles, view?.eventsPerSecond]).toEqual([undefined, undefined]);
  });

  it('suspects go to everybody who is there and sends to shards', () => {
    const { supervisor, child, serveAll } = makeWorld({ routers: 3 });
    supervisor.start();
    serveAll();
    child('router', 2).end();
    child('router', 0).events.onSuspects({ shard: 1, hashes: ['a', 'b'] });
    const news = { cleared: [], suspects: ['a', 'b'], quarantined: [] };
    expect(child('router', 0).quarantine).toEqual([news]);
    expect(child('router', 1).quarantine).toEqual([news]);
    expect(child('shard', 0).quarantine).toEqual([news]);
    expect(child('router', 2).quarantine).toEqual([]);
  });

  it.each([
    ['a crash', { code: 70 }, 1],
    ['a fault of its own', { signal: 'SIGSEGV' }, 1],
    ['a signal from outside', { signal: 'SIGKILL' }, 0],
    ['an end in order', { code: 0 }, 0],
  ] as const)('%s of the shard tells against what it tried, or does not', async (_, end, count) => {
    const { supervisor, child, court, serveAll } = makeWorld();
    supervisor.start();
    serveAll();
    child('router', 0).events.onSuspects({ shard: 1, hashes: ['4-a'] });
    expect(await court.begin('router 0', 1, '4-a')).toBe('suspect');
    child('shard', 1).end(end);
    court.end('router 0', { shard: 1, hash: '4-a', outcome: 'lost' });
    expect(supervisor.view().quarantined).toBe(count);
    expect(child('router', 0).quarantine.at(-1)?.quarantined).toHaveLength(count);
  });

  it('after a crash of a shard nobody is sent to its own door for a minute', () => {
    const { supervisor, child, clock, serveAll } = makeWorld();
    supervisor.start();
    serveAll();
    const addresses = (): string[] => supervisor.view().shards.map(({ address }) => address);
    const before = addresses();
    expect(before[1]).not.toBe('');
    child('shard', 1).end({ code: 70 });
    child('shard', 1).serve('http://127.0.0.1:9');
    expect(addresses()).toEqual([before[0], '']);
    expect(supervisor.map.shards[1]?.door).toBe('');
    for (let second = 0; second < 91; second += 1) {
      child('shard', 0).events.onStats(NO_STATS);
      child('shard', 1).events.onStats(NO_STATS);
      clock.advance(1_000);
    }
    expect(addresses()).toEqual([before[0], 'http://127.0.0.1:9']);
    expect(supervisor.map.shards[1]?.door).toBe('http://127.0.0.1:9');
  });

  it('a shard whose disk failed did not die of what it tried', async () => {
    const { supervisor, child, court, serveAll } = makeWorld();
    supervisor.start();
    serveAll();
    child('router', 0).events.onSuspects({ shard: 1, hashes: ['4-a'] });
    await court.begin('router 0', 1, '4-a');
    child('shard', 1).events.onFailed({ code: 'storage_failed', message: 'the disk is full' });
    child('shard', 1).end({ code: 1 });
    court.end('router 0', { shard: 1, hash: '4-a', outcome: 'lost' });
    expect([supervisor.view().quarantined, court.standing('4-a')]).toEqual([0, 'suspect']);
  });
});

describe('stop', () => {
  it('is routers first, then shards, and then all has ended', async () => {
    const { supervisor, child, children, serveAll } = makeWorld({ routers: 2 });
    supervisor.start();
    serveAll();
    supervisor.stop();
    expect(children.map(({ stops }) => stops)).toEqual([0, 0, 1, 1]);
    child('router', 0).end({ code: 0 });
    expect(child('shard', 0).stops).toBe(0);
    child('router', 1).end({ code: 0 });
    expect(children.map(({ stops }) => stops)).toEqual([1, 1, 1, 1]);
    child('shard', 0).end({ code: 0 });
    expect(await standing(supervisor.ended)).toBe('pending');
    // One that dies on the way is not started again.
    child('shard', 1).end();
    expect(await standing(supervisor.ended)).toBe('done');
    expect(children).toHaveLength(4);
    supervisor.stop();
    expect(await standing(supervisor.ended)).toBe('done');
  });

  it('a second time does not wait for the routers, a third time for nobody', () => {
    const { supervisor, children, serveAll } = makeWorld({ shards: 1 });
    supervisor.start();
    serveAll();
    supervisor.stop();
    supervisor.stop();
    expect(children.map(({ stops, kills }) => [stops, kills])).toEqual([
      [1, 0],
      [1, 1],
    ]);
    supervisor.stop();
    expect(children[0]?.kills).toBe(1);
  });

  it('has an end though a process does not', async () => {
    const { supervisor, child, clock, serveAll } = makeWorld({ shards: 1 });
    supervisor.start();
    serveAll();
    supervisor.stop();
    clock.advance(20_000);
    expect(child('router', 0).kills).toBe(1);
    child('router', 0).end();
    clock.advance(119_999);
    expect(child('shard', 0).kills).toBe(0);
    clock.advance(1);
    expect(child('shard', 0).kills).toBe(1);
    child('shard', 0).end();
    expect(await standing(supervisor.ended)).toBe('done');
  });

  it('during a start or between two processes leaves none behind', async () => {
    const { supervisor, child, children, clock } = makeWorld();
    supervisor.start();
    child('shard', 0).end();
    child('shard', 0).end();
    supervisor.stop();
    expect(await standing(supervisor.ended)).toBe('pending');
    child('shard', 1).end();
    expect(await standing(supervisor.ended)).toBe('done');
    expect(await standing(supervisor.ready)).toBe('stopped before it served');
    clock.advance(60_000);
    expect(children).toHaveLength(3);
  });

  it('of one process by a signal is in order, and another takes its place', () => {
    const { supervisor, child, children, serveAll } = makeWorld();
    supervisor.start();
    serveAll();
    for (let time = 1; time <= 3; time += 1) {
      const shard = child('shard', 0);
      shard.events.onLeave();
      expect(shard.stops).toBe(1);
      expect(supervisor.view().shards[0]?.state).toBe('stopping');
      shard.end({ code: 0 });
      child('shard', 0).serve();
      expect(supervisor.view().shards[0]).toMatchObject({ state: 'up', restarts: time });
    }
    expect(children).toHaveLength(6);
  });
});

describe('another number of shards', () => {
  /** Lets what was started serve, what is to stop end, and pauses pass, until no slot is to be moved. */
  const settle = async (world: World): Promise<void> => {
    const { supervisor, children, clock } = world;
    const ended = new Set<FakeChild>();
    for (let i = 0; i < 2_000 && supervisor.view().move !== undefined; i += 1) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      for (const child of children) {
        const isStarting = child.role === 'shard' && supervisor.view().shards[child.index]?.state === 'starting';
        if (isStarting) child.serve();
        if (child.stops > 0 && !ended.has(child)) {
          ended.add(child);
          child.end({ code: 0 });
        } else child.events.onStats(NO_STATS);
      }
      clock.advance(100);
    }
    expect(supervisor.view().move).toBeUndefined();
  };
  const countsOf = ({ supervisor }: World): number[] => supervisor.view().shards.map(({ slotCount }) => slotCount);
  const started = async (options: WorldOptions = {}): Promise<World> => {
    const world = makeWorld(options);
    world.supervisor.start();
    world.serveAll();
    expect(await standing(world.supervisor.ready)).toBe('done');
    return world;
  };

  it('starts those that are missing and gives them their share', async () => {
    const world = await started();
    const view = world.supervisor.rebalance(4);
    expect(view.shards.map(({ state }) => state)).toEqual(['up', 'up', 'starting', 'starting']);
    expect(view.move).toMatchObject({ done: 0 });
    await settle(world);
    expect(countsOf(world)).toEqual([256, 256, 256, 256]);
    expect(world.children.filter(({ role }) => role === 'shard').map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(world.kept.slice(0, 2)).toEqual([{ targetShards: 4 }, { shardCount: 4 }]);
    expect(world.kept.at(-1)).toEqual({ targetShards: null });
    // Everybody has the newest map, and epochs only grew.
    for (const child of world.children) {
      expect(child.maps.at(-1)?.slotOwners).toEqual(world.supervisor.map.slotOwners);
      const epochs = child.maps.map(({ epoch }) => epoch);
      expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    }
  });

  it('stops those without slots, for good', async () => {
    const world = await started({ shards: 3 });
    world.supervisor.rebalance(1);
    await settle(world);
    expect(countsOf(world)).toEqual([1_024]);
    expect(world.children.map(({ role, index, stops }) => [role, index, stops])).toEqual([
      ['shard', 0, 0],
      ['shard', 1, 1],
      ['shard', 2, 1],
      ['router', 0, 0],
    ]);
    expect(world.calls.slice(-6)).toEqual([
      'retire shard-1',
      'use_map shard-0',
      'settle shard-0',
      'use_map shard-1',
      'settle shard-1',
      'retire shard-2',
    ]);
    expect(world.kept.slice(-2)).toEqual([{ shardCount: 1 }, { targetShards: null }]);
    expect(world.child('router', 0).maps.at(-1)?.shards).toHaveLength(1);
    world.clock.advance(60_000);
    expect(world.children).toHaveLength(4);
  });

  it('goes on with what the supervisor before it was asked for, when all serve', async () => {
    const world = makeWorld({ targetShards: 3 });
    world.supervisor.start();
    world.child('shard', 0).serve();
    world.child('shard', 1).serve();
    expect([world.kept, world.supervisor.view().move]).toEqual([[], undefined]);
    world.child('router', 0).serve();
    expect(world.kept[0]).toEqual({ targetShards: 3 });
    await settle(world);
    expect(countsOf(world).sort()).toEqual([341, 341, 342]);
  });

  it.each([0, -1, 257, 1.5, Number.NaN])('%d shards cannot be', async (count) => {
    const world = await started();
    expect(() => world.supervisor.rebalance(count)).toThrow('"shards" must be a whole number from 1 to 256');
    expect([world.kept, world.supervisor.view().move]).toEqual([[], undefined]);
  });

  it('is refused while the cluster starts or stops', async () => {
    const world = makeWorld();
    world.supervisor.start();
    world.child('shard', 0).serve();
    expect(() => world.supervisor.rebalance(3)).toThrow('starting or stopping');
    world.child('shard', 1).serve();
    world.child('router', 0).serve();
    world.supervisor.stop();
    expect(() => world.supervisor.rebalance(3)).toThrow('starting or stopping');
    expect(world.kept).toEqual([]);
  });

  it('a stop on the way leaves it to the next supervisor, and nothing is written after the end', async () => {
    const world = await started({ shards: 2 });
    const { supervisor, child, clock, kept } = world;
    supervisor.rebalance(1);
    for (let i = 0; i < 2_000 && child('shard', 1).stops === 0; i += 1) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      clock.advance(10);
    }
    expect(child('shard', 1).stops).toBe(1);
    supervisor.stop();
    child('router', 0).end({ code: 0 });
    child('shard', 0).end({ code: 0 });
    child('shard', 1).end({ code: 0 });
    expect(await standing(supervisor.ended)).toBe('pending');
    const count = kept.length;
    for (let i = 0; i < 20; i += 1) {
      clock.advance(500);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
    expect(await standing(supervisor.ended)).toBe('done');
    expect(kept.slice(count)).toEqual([]);
    expect(kept.some((change) => change.targetShards === null || change.shardCount !== undefined)).toBe(false);
  });
});
