/** Changing the number of shards, without shards: who is told what in which order, and what a failure, another wish or a stop does to it. */
import { describe, expect, it } from 'vitest';
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { EngineError } from '../../../src/model/error.ts';
import { Rebalance, type RebalanceParts } from '../../../src/supervisor/rebalance.ts';
import { planMoves } from '../../../src/supervisor/rebalance-plan.ts';
import { evenSlotOwners } from '../../../src/supervisor/slot-ranges.ts';
import { ManualClock } from './fake-world.ts';

interface Begun {
  readonly to: number;
  readonly slots: readonly number[];
}

/** A cluster of which each shard does what it is told, and a disk. */
class FakeCluster {
  readonly clock = new ManualClock();
  readonly events: string[] = [];
  owners: readonly number[];
  shards: number;
  kept: number | undefined;
  epoch = 1;
  readonly down = new Set<number>();
  readonly contents = new Map<number, number>();
  isBusy = false;
  readonly begun = new Map<number, Begun[]>();
  /** Called before each call; may throw. */
  onCall: (shard: number, method: string, args: unknown) => void | Promise<void> = () => undefined;
  readonly rebalance: Rebalance;

  constructor(shards: number, owners: readonly number[] = evenSlotOwners(shards)) {
    this.shards = shards;
    this.owners = owners;
    this.rebalance = this.supervisor();
  }

  /** Another supervisor over the same disk and shards. */
  supervisor(changed: Partial<RebalanceParts> = {}): Rebalance {
    return new Rebalance({ ...this.#parts(), ...changed });
  }

  #parts(): RebalanceParts {
    const note = (event: string): void => void this.events.push(event);
    const map = (): ClusterMap => ({ epoch: this.epoch, hashSeed: 1, shards: [], slotOwners: this.owners });
    return {
      clock: this.clock,
      logger: { debug() {}, info() {}, warn: (message) => note(message), error() {} },
      slotOwners: () => this.owners,
      shardCount: () => this.shards,
      grow: (count) => {
        note(`grow ${count}`);
        this.shards = count;
      },
      shrink: async (count) => {
        note(`shrink ${count}`);
        this.shards = count;
      },
      keepTarget: (count) => {
        note(`keep target ${count}`);
        this.kept = count;
      },
      keepOwners: (owners) => {
        note('file');
        this.owners = owners;
        this.epoch += 1;
        return map();
      },
      map,
      publish: () => note('everybody'),
      callShard: async (shard, method, args) => {
        await this.onCall(shard, method, args);
        if (this.down.has(shard)) throw new EngineError('shard_unavailable', 'it died');
        if (method === 'begun_moves') return this.begun.get(shard) ?? [];
        const { to } = (args ?? {}) as { to?: number };
        note(method === 'move_slots' ? `${shard} gives to ${to}` : `${method} ${shard}`);
        return null;
      },
      isServing: (shard) => shard < this.shards && !this.down.has(shard),
      contentOf: (shard) => this.contents.get(shard),
      isBusy: () => this.isBusy,
    };
  }

  /** Lets everything that can go on go on, for as long as it takes. */
  async settle(rebalance = this.rebalance): Promise<void> {
    for (let i = 0; i < 5_000 && rebalance.view !== undefined; i++) await this.step();
    expect(rebalance.view).toBeUndefined();
  }

  async step(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    this.clock.advance(500);
  }

  counts(): number[] {
    const counts = new Array<number>(Math.max(this.shards, Math.max(...this.owners) + 1)).fill(0);
    for (const owner of this.owners) counts[owner] += 1;
    return counts;
  }
}

describe('in order', () => {
  it('each handful is on the disk, in the file, told to the new owner, the old one, everybody', async () => {
    const cluster = new FakeCluster(1);
    cluster.rebalance.begin(2);
    expect(cluster.kept).toBe(2);
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
    expect(cluster.events.slice(0, 2)).toEqual(['keep target 2', 'grow 2']);
    expect(cluster.events.at(-1)).toBe('keep target undefined');
    const moves = cluster.events.slice(2, -1);
    expect(moves).toHaveLength((512 / 4) * 5);
    for (let i = 0; i < moves.length; i += 5) {
      expect(moves.slice(i, i + 5)).toEqual(['0 gives to 1', 'file', 'use_map 1', 'use_map 0', 'everybody']);
    }
  });

  it('moves more at once where there is little', async () => {
    const cluster = new FakeCluster(1);
    cluster.contents.set(0, 1_000);
    cluster.rebalance.begin(2);
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
    expect(cluster.events.filter((event) => event === '0 gives to 1')).toHaveLength(512 / 32);
  });

  it('rests between two moves for twice as long as one takes, while somebody sends', async () => {
    const cluster = new FakeCluster(1);
    cluster.isBusy = true;
    cluster.onCall = (_, method) => {
      if (method === 'move_slots') cluster.clock.advance(100);
    };
    const gone = (): number => cluster.events.filter((event) => event === 'everybody').length;
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
    };
    cluster.rebalance.begin(2);
    await turns();
    for (let moves = 1; moves < 10; moves++) {
      expect(gone()).toBe(moves);
      cluster.clock.advance(199);
      await turns();
      expect(gone()).toBe(moves);
      cluster.clock.advance(1);
      await turns();
    }
    cluster.isBusy = false;
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
  });

  it('a shard that leaves is emptied before it is stopped', async () => {
    const cluster = new FakeCluster(3);
    cluster.rebalance.begin(1);
    await cluster.settle();
    expect(cluster.counts()).toEqual([1_024]);
    const end = cluster.events.slice(cluster.events.lastIndexOf('everybody') + 1);
    expect(end).toEqual([
      ...['use_map 0', 'settle 0', 'use_map 2', 'settle 2', 'retire 1'],
      ...['use_map 0', 'settle 0', 'use_map 1', 'settle 1', 'retire 2'],
      ...['shrink 1', 'keep target undefined'],
    ]);
  });

  it('tells how far it is, from nothing each time', async () => {
    const cluster = new FakeCluster(1);
    expect(cluster.rebalance.view).toBeUndefined();
    for (const target of [2, 1, 4]) {
      const total = planMoves(cluster.owners, target).reduce((sum, { slots }) => sum + slots.length, 0);
      let most = 0;
      const seen: number[] = [];
      cluster.onCall = (_, method) => {
        if (method !== 'move_slots') return;
        const view = cluster.rebalance.view!;
        seen.push(view.done);
        expect(view).toMatchObject({ total, stage: 'moving' });
        expect(view.slotRanges.length).toBeGreaterThan(0);
        most = Math.max(most, view.done);
      };
      cluster.rebalance.begin(target);
      await cluster.settle();
      expect(seen[0]).toBe(0);
      expect(most).toBe(total - 4);
    }
  });
});

describe('trouble', () => {
  it('a move that failed is tried again, and its owners are as they were until it is over', async () => {
    const cluster = new FakeCluster(1);
    let failures = 3;
    cluster.onCall = (_, method) => {
      if (method !== 'move_slots' || failures === 0) return;
      failures -= 1;
      expect(cluster.counts()).toEqual([1_024, 0]);
      throw new EngineError('shard_unavailable', 'it died');
    };
    cluster.rebalance.begin(2);
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
    expect(cluster.events.filter((event) => event === 'moving slots is tried again')).toHaveLength(3);
  });

  it('goes on when the old or the new owner cannot hear of the map', async () => {
    const cluster = new FakeCluster(1);
    cluster.onCall = (_, method) => {
      if (method === 'use_map') throw new EngineError('shard_unavailable', 'it died');
    };
    cluster.rebalance.begin(2);
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
  });

  it('waits for a shard that is down, and says for which', async () => {
    const cluster = new FakeCluster(2);
    cluster.down.add(1);
    cluster.rebalance.begin(3);
    for (let i = 0; i < 5; i++) await cluster.step();
    expect(cluster.rebalance.view?.stage).toBe('waiting for shard 1');
    expect(cluster.events).toEqual(['keep target 3', 'grow 3']);
    cluster.down.delete(1);
    await cluster.settle();
    expect(cluster.counts().sort()).toEqual([341, 341, 342]);
  });

  it('what a shard began to give goes where it was begun, before anything else and whatever is wanted now', async () => {
    const cluster = new FakeCluster(3, evenSlotOwners(2));
    const slots = [3, 4, 5, 6, 7, 8];
    cluster.begun.set(0, [{ to: 2, slots }]);
    const given: unknown[] = [];
    cluster.onCall = (shard, method, args) => {
      if (method !== 'move_slots') return;
      given.push({ shard, ...(args as object) });
      if (given.length === 2) cluster.begun.clear();
    };
    cluster.rebalance.begin(2);
    await cluster.settle();
    expect(given.slice(0, 2)).toEqual([
      { shard: 0, to: 2, slots: [3, 4, 5, 6] },
      { shard: 0, to: 2, slots: [7, 8] },
    ]);
    // And back again: nobody stays on a shard that leaves.
    expect(given.slice(2)).toMatchObject([
      { shard: 2, to: 0 },
      { shard: 2, to: 0 },
    ]);
    expect(cluster.counts()).toEqual([512, 512]);
    expect(cluster.shards).toBe(2);
  });

  it('a file that cannot be written is told at the beginning, and tried again later on', async () => {
    const cluster = new FakeCluster(1);
    let fails = true;
    const failing = cluster.supervisor({
      keepTarget: () => {
        if (fails) throw new EngineError('storage_failed', 'the disk is full');
      },
    });
    expect(() => failing.begin(2)).toThrow('the disk is full');
    expect(failing.view).toBeUndefined();
    fails = false;
    failing.begin(2);
    await cluster.settle(failing);
    expect(cluster.counts()).toEqual([512, 512]);
  });
});

describe('another wish', () => {
  it('is taken up after the handful under way, and the number before is the way back', async () => {
    const cluster = new FakeCluster(2);
    let moves = 0;
    cluster.onCall = (_, method) => {
      if (method !== 'move_slots') return;
      moves += 1;
      if (moves === 10) cluster.rebalance.begin(2);
    };
    cluster.rebalance.begin(3);
    await cluster.settle();
    expect(cluster.counts()).toEqual([512, 512]);
    expect(moves).toBe(20);
    expect(cluster.kept).toBeUndefined();
    expect(cluster.events.filter((event) => event.startsWith('shrink'))).toEqual(['shrink 2']);
  });

  it('counts while shards are stopped', async () => {
    const cluster = new FakeCluster(2);
    const supervisor = cluster.supervisor({
      shrink: async (count) => {
        cluster.shards = count;
        if (count === 1) supervisor.begin(4);
      },
    });
    supervisor.begin(1);
    await cluster.settle(supervisor);
    expect(cluster.counts()).toEqual([256, 256, 256, 256]);
  });

  it('counts after a failure too', async () => {
    const cluster = new FakeCluster(1);
    let isFirst = true;
    cluster.onCall = (_, method) => {
      if (method !== 'move_slots' || !isFirst) return;
      isFirst = false;
      cluster.rebalance.begin(4);
      throw new EngineError('shard_unavailable', 'it died');
    };
    cluster.rebalance.begin(2);
    await cluster.settle();
    expect(cluster.counts()).toEqual([256, 256, 256, 256]);
  });
});

describe('stop', () => {
  it('ends after the handful under way, and the next supervisor goes on to what is kept', async () => {
    const cluster = new FakeCluster(1);
    let moves = 0;
    let stopped: Promise<void> | undefined;
    cluster.onCall = (_, method) => {
      if (method !== 'move_slots') return;
      moves += 1;
      if (moves === 7) stopped = cluster.rebalance.stop();
    };
    cluster.rebalance.begin(2);
    for (let i = 0; i < 50 && stopped === undefined; i++) await cluster.step();
    await stopped;
    expect(moves).toBe(7);
    expect(cluster.counts()).toEqual([1_024 - 28, 28]);
    expect(cluster.kept).toBe(2);
    const next = cluster.supervisor();
    next.begin(cluster.kept!);
    await cluster.settle(next);
    expect(cluster.counts()).toEqual([512, 512]);
    expect(cluster.kept).toBeUndefined();
    expect(moves).toBe(128);
  });

  it('does not wait for a shard that is down', async () => {
    const cluster = new FakeCluster(1);
    cluster.down.add(0);
    cluster.rebalance.begin(2);
    await cluster.step();
    const stopped = cluster.rebalance.stop();
    await cluster.step();
    await stopped;
    expect(cluster.kept).toBe(2);
  });
});
