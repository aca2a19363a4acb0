import { beforeEach, describe, expect, it } from 'vitest';
import { GatheredNameCheck } from '../../../src/cluster/gather/name-check.ts';
import { GatheredSegments, type RemoteSegmentOwner } from '../../../src/cluster/gather/segments.ts';
import { NameCheck } from '../../../src/engine/name-check.ts';
import { nearestNames, unknownNames } from '../../../src/engine/name-lookup.ts';
import { SegmentOwner } from '../../../src/engine/segment-owner.ts';
import { SegmentReplica } from '../../../src/engine/segment-replica.ts';
import { SegmentService } from '../../../src/engine/segment-service.ts';
import { SegmentStore } from '../../../src/engine/segment-store.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { SegmentRequest } from '../../../src/model/segment.ts';
import { type Random, randomOf, testSeed } from '../../process/seed.ts';
import type { Core } from '../../sim/core.ts';
import { crossed, randomCore, testClock } from './world.ts';

const KEYS = ['a', 'b', 'c', 'd', 'not a key'];
const WHERES = [
  'country = "DE"',
  'contry = "DE"',
  'in segment a and did "Order Completd"',
  'not in segment b or in segment c',
  'in segment d',
  'in segment nobody',
  'country =',
  'account (industri = "x")',
];

interface Router {
  readonly segments: GatheredSegments;
  readonly replica: SegmentReplica;
}

async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { code: error.code, message: error.message, details: error.details, span: error.span };
  }
}

function requestOf(random: Random): SegmentRequest {
  return { where: random.pick(WHERES), ...(random.chance(40) ? { name: 'Name', description: 'What it is' } : {}) };
}

describe('saved segments at routers', () => {
  const seed = testSeed('segments at routers');
  let core: Core;
  beforeEach(async () => {
    core = await randomCore(seed, 3);
  });

  /** `heard`: routers that are told of a change; the others fetch the list when they meet a gap. */
  function routersOf(count: number, owner: SegmentOwner): readonly Router[] {
    const remote: RemoteSegmentOwner = {
      save: async (key, request) => crossed(owner.save(key, crossed(request))),
      delete: async (key) => crossed(owner.delete(key)),
      list: async () => crossed(owner.list()),
    };
    return Array.from({ length: count }, () => {
      const replica = new SegmentReplica();
      const names = new GatheredNameCheck({
        unknown: async (asked) => core.shards.map((shard) => unknownNames([shard], asked)),
        nearest: async (asked) => core.shards.map((shard) => nearestNames([shard], asked)),
      });
      return { segments: new GatheredSegments(remote, replica, names), replica };
    });
  }

  it('behave as in one process, whoever of them is asked', async () => {
    const random = randomOf(seed);
    const embedded = new SegmentService(new SegmentStore(), new NameCheck(core.shards), testClock());
    const store = new SegmentStore();
    const routers = routersOf(3, new SegmentOwner(store, testClock()));
    for (const { segments } of routers) await segments.refresh();
    let doneCount = 0;
    for (let step = 0; step < 400; step++) {
      const { segments, replica } = random.pick(routers);
      const key = random.pick(KEYS);
      const before = store.revision;
      if (random.chance(60)) {
        const request = requestOf(random);
        const whole = await outcome(() => embedded.save(key, request));
        expect(await outcome(() => segments.save(key, request))).toEqual(whole);
      } else {
        const whole = await outcome(() => embedded.delete(key));
        expect(await outcome(() => segments.delete(key))).toEqual(whole);
      }
      if (store.revision > before) {
        doneCount += 1;
        // Who made the change sees it at once, however many others it had missed.
        expect(segments.list()).toEqual(embedded.list());
        expect(replica.version).toBe(store.revision);
        expect([...replica.keys()].map((name) => replica.definition(name))).toEqual(
          embedded.list().map(({ where }) => where),
        );
      }
      expect(segments.get('nobody')).toBeUndefined();
    }
    expect(doneCount).toBeGreaterThan(50);
    for (const { segments } of routers) {
      await segments.refresh();
      expect(segments.list()).toEqual(embedded.list());
    }
  });

  it('never go back to an older list', async () => {
    const owner = new SegmentOwner(new SegmentStore(), testClock());
    const [{ segments, replica }] = routersOf(1, owner);
    expect(replica.version).toBe(-1);
    const old = owner.list();
    await segments.save('a', { where: 'everyone' });
    expect(replica.use(old.version, old.segments)).toBe(false);
    expect(segments.list().map(({ key }) => key)).toEqual(['a']);
    // A change that comes again, late, is one that is there.
    const change = owner.save('b', { where: 'no one' });
    await segments.take(change);
    const later = owner.delete('b');
    await segments.take(later);
    await segments.take(change);
    expect([segments.list().map(({ key }) => key), replica.version]).toEqual([['a'], 3]);
    expect(replica.apply(5, { deleted: 'a' })).toBe(false);
  });

  it('have a revision that goes on after a restart, and none where the disk refused', () => {
    let content: unknown;
    let isFull = false;
    const record = {
      read: () => content,
      write: (next: unknown) => {
        if (isFull) throw new EngineError('storage_failed', 'full');
        content = JSON.parse(JSON.stringify(next));
      },
    };
    const owner = new SegmentOwner(new SegmentStore(record), testClock());
    expect(owner.list()).toEqual({ version: 0, segments: [] });
    expect(owner.save('a', { where: 'everyone' }).version).toBe(1);
    expect(owner.save('b', { where: 'everyone' }).version).toBe(2);
    isFull = true;
    expect(() => owner.delete('b')).toThrow('full');
    isFull = false;
    const next = new SegmentOwner(new SegmentStore(record), testClock());
    expect([next.list().version, next.list().segments]).toEqual([2, owner.list().segments]);
    expect(next.delete('b').version).toBe(3);
    // Written before there were revisions.
    content = { version: 1, segments: [] };
    expect(new SegmentStore(record).revision).toBe(0);
    content = { version: 1, revision: 'x', segments: [] };
    expect(() => new SegmentStore(record)).toThrow('revision');
  });
});
