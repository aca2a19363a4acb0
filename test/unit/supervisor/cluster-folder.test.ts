import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../../src/engine/data-folder.ts';
import { type ClusterFolder, openClusterFolder } from '../../../src/supervisor/cluster-folder.ts';
import { evenSlotOwners, rangesOf, slotOwnersOf } from '../../../src/supervisor/slot-ranges.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'kith-cluster-'));
  faults = [];
});
afterEach(() => rmSync(path, { recursive: true }));

let faults: string[];
const open = (shards: number | undefined = undefined, folder = path): ClusterFolder =>
  openClusterFolder(folder, {
    shards,
    defaultShards: 2,
    random: { nextUint32: () => 4_000_000_000 },
    onFault: ({ message }) => faults.push(message),
  });

describe('openClusterFolder', () => {
  it('keeps seed, slots and shard count, and epochs grow over restarts', () => {
    const first = open(3);
    expect(first.record).toMatchObject({ shardCount: 3, hashSeed: 4_000_000_000 });
    expect(first.isNew).toBe(true);
    expect(() => open(3)).toThrow('already has');
    let epoch = 0;
    for (let i = 0; i < 2_500; i += 1) {
      const next = first.nextEpoch();
      expect(next).toBeGreaterThan(epoch);
      epoch = next;
    }
    first.release();
    expect(() => open(4)).toThrow('has 3 shard(s) and cannot be opened with 4');
    const second = open();
    expect(second.record).toMatchObject(first.record);
    expect(second.isNew).toBe(false);
    expect(second.nextEpoch()).toBeGreaterThan(epoch);
    second.release();
  });

  it('goes on with growing epochs when its file cannot be written, and writes it when it can', () => {
    const folder = open();
    // In the way of the draft.
    const draft = join(path, 'cluster.json.new');
    mkdirSync(draft);
    const epochs = Array.from({ length: 1_010 }, () => folder.nextEpoch());
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    expect(faults).toHaveLength(10);
    expect(faults[0]).toContain('cluster.json: EISDIR');
    rmSync(draft, { recursive: true });
    const last = folder.nextEpoch();
    folder.release();
    const again = open();
    expect(again.nextEpoch()).toBeGreaterThan(last);
    again.release();
    expect(faults).toHaveLength(10);
  });

  it('keeps owners, number and what is wanted over a restart, each by itself', () => {
    const first = open(2);
    const slotOwners = evenSlotOwners(3);
    first.keep({ targetShards: 3 });
    first.keep({ shardCount: 3 });
    first.keep({ slotOwners });
    const kept = { ...first.record };
    expect(kept).toEqual({ shardCount: 3, targetShards: 3, hashSeed: 4_000_000_000, slotOwners });
    const epoch = first.nextEpoch();
    first.release();
    // The number that it was made with is not its number any more.
    expect(() => open(2)).toThrow('has 3 shard(s) and cannot be opened with 2');
    const second = open();
    expect(second.record).toMatchObject(kept);
    expect(second.nextEpoch()).toBeGreaterThan(epoch);
    second.keep({ targetShards: null });
    expect(second.record.targetShards).toBeUndefined();
    second.release();
    expect(readFileSync(join(path, 'cluster.json'), 'utf8')).not.toContain('targetShards');
    const third = open(3);
    expect(third.record).toMatchObject({ ...kept, targetShards: undefined });
    third.release();
  });

  it('keeps nothing that it cannot write', () => {
    const folder = open(2);
    mkdirSync(join(path, 'cluster.json.new'));
    expect(() => folder.keep({ targetShards: 5 })).toThrow('cluster.json: EISDIR');
    expect(folder.record.targetShards).toBeUndefined();
    rmSync(join(path, 'cluster.json.new'), { recursive: true });
    folder.keep({ targetShards: 4 });
    folder.release();
    const again = open();
    expect(again.record.targetShards).toBe(4);
    again.release();
  });

  it('tells at the start when it cannot write its file', () => {
    mkdirSync(join(path, 'cluster.json.new'));
    expect(() => open()).toThrow('cluster.json: EISDIR');
    expect(existsSync(join(path, 'lock'))).toBe(false);
  });

  it('is of one kind: made by a cluster or embedded', () => {
    open().release();
    expect(() => openDataFolder(path, 1)).toThrow('was made by kith serve --cluster');
    const other = join(path, 'other');
    openDataFolder(other, 1).release();
    expect(() => open(1, other)).toThrow('was made without --cluster');
    openDataFolder(other, 1).release();
  });

  it('gives each start sockets of its own and takes those of earlier ones away', () => {
    const first = open();
    expect(statSync(first.runPath).mode & 0o777).toBe(0o700);
    writeFileSync(join(first.runPath, 'control.sock'), '');
    // As after a kill: nothing was tidied up.
    rmSync(join(path, 'lock'));
    first.release();
    mkdirSync(join(path, 'run', 'dead'));
    const second = open();
    expect(second.runPath).not.toBe(first.runPath);
    expect(existsSync(first.runPath)).toBe(false);
    expect(existsSync(join(path, 'run', 'dead'))).toBe(false);
    second.release();
    expect(existsSync(second.runPath)).toBe(false);
  });

  it('puts sockets elsewhere when the path is too long for them', () => {
    const long = join(path, 'a'.repeat(60), 'b'.repeat(60));
    const folder = open(1, long);
    expect(Buffer.byteLength(join(folder.runPath, 'shard-1023.sock'))).toBeLessThan(104);
    expect(folder.runPath.startsWith(tmpdir())).toBe(true);
    expect(statSync(dirname(folder.runPath)).mode & 0o777).toBe(0o700);
    folder.release();
    rmSync(dirname(folder.runPath), { recursive: true });
  });

  it.each([
    ['', 'cluster.json cannot be read'],
    ['{"version":9}', 'format 9'],
    ['{"version":1,"shards":0}', 'shards is no count'],
    ['{"version":1,"shards":2,"targetShards":0}', 'targetShards is no count'],
    ['{"version":1,"shards":2,"targetShards":1.5}', 'targetShards is no count'],
    ['{"version":1,"shards":2,"targetShards":"3"}', 'targetShards is no count'],
    ['{"version":1,"shards":2,"hashSeed":-1}', 'hashSeed'],
    ['{"version":1,"shards":2,"hashSeed":1,"epoch":1,"slots":[[0,1022,0]]}', 'slots from 1023 on'],
    ['{"version":1,"shards":2,"hashSeed":1,"epoch":1,"slots":[[0,1023,2]]}', 'slots from 0 on'],
  ])('tells what is wrong with %j', (content, message) => {
    writeFileSync(join(path, 'cluster.json'), content);
    expect(() => open()).toThrow(message);
    expect(existsSync(join(path, 'lock'))).toBe(false);
    expect(readFileSync(join(path, 'cluster.json'), 'utf8')).toBe(content);
  });
});

describe('slot ranges', () => {
  it.each([1, 2, 3, 7, 1024])('come back as they were, of %i shards', (shards) => {
    const owners = evenSlotOwners(shards);
    expect(slotOwnersOf(rangesOf(owners), shards)).toEqual(owners);
    expect(rangesOf(owners)).toHaveLength(shards);
  });
});
