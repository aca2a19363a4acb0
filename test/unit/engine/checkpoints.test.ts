/** When checkpoints are written, and what each waits for: its own log, the logs of all shards, and what was handed over to others. */
import { expect, test } from 'vitest';
import { Checkpoints, type CheckpointsParts } from '../../../src/engine/checkpoints.ts';
import { nextTurn } from '../../../src/runtime/turn.ts';
import type { EventLog } from '../../../src/storage/contract.ts';
import { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import { Core } from '../../sim/core.ts';
import { ManualClock } from '../supervisor/fake-world.ts';

const INTERVAL_MS = 60_000;
const LOOK_MS = 5_000;
const LONG_BYTES = 512 * 2 ** 20;
const TURNS = 50;

/** One whose log says it is longer than it is. */
class LongStorage extends MemoryStorage {
  extraBytes = 0;

  override get log(): EventLog {
    const log = super.log;
    const extraBytes = this.extraBytes;
    return new Proxy(log, {
      get: (target, key) => {
        if (key === 'sizeBytes') return target.sizeBytes + extraBytes;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

interface Scene {
  readonly core: Core;
  readonly storages: readonly LongStorage[];
  readonly clock: ManualClock;
  readonly checkpoints: Checkpoints;
}

function sceneOf(more: Partial<CheckpointsParts> = {}, isAutoFlush = true): Scene {
  const storages = [new LongStorage({ isAutoFlush }), new LongStorage({ isAutoFlush })];
  const core = new Core(storages, { hashSeed: 1 });
  const clock = new ManualClock();
  const { shards } = core;
  const checkpoints = new Checkpoints({ shards, clock, handedOver: undefined, isOver: () => false, ...more });
  return { core, storages, clock, checkpoints };
}

let messageCount = 0;

/** People of both shards; not waited for, since nothing may come to the disk yet. */
function send(core: Core): void {
  void core.ingest(
    Array.from({ length: 8 }, (_, n) => ({
      type: 'track',
      userId: `u${n}`,
      event: 'Seen',
      messageId: `m${messageCount++}`,
    })),
  );
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await nextTurn();
}

const seqsOf = ({ core }: Scene): number[] => core.shards.map(({ checkpointSeq }) => checkpointSeq);
const appliedOf = ({ core }: Scene): number[] => core.shards.map(({ appliedSeq }) => appliedSeq);

test('on its schedule, when something came since the last one; after the end of it never', async () => {
  const scene = sceneOf();
  const { core, clock, checkpoints } = scene;
  const stop = checkpoints.start(INTERVAL_MS);
  clock.advance(INTERVAL_MS);
  await checkpoints.settled();
  expect(seqsOf(scene)).toEqual([0, 0]);
  send(core);
  await turns();
  expect(checkpoints.isDue).toBe(true);
  clock.advance(INTERVAL_MS - 1);
  expect(seqsOf(scene)).toEqual([0, 0]);
  clock.advance(1);
  await checkpoints.settled();
  expect(seqsOf(scene)).toEqual(appliedOf(scene));
  expect(seqsOf(scene).every((seq) => seq > 0)).toBe(true);
  expect([checkpoints.isDue, checkpoints.hasFailed]).toEqual([false, false]);
  send(core);
  await turns();
  stop();
  clock.advance(10 * INTERVAL_MS);
  await checkpoints.settled();
  expect(checkpoints.isDue).toBe(true);
});

test('before its time where a log is long, to the byte', async () => {
  const scene = sceneOf();
  const { core, storages, clock, checkpoints } = scene;
  checkpoints.start(INTERVAL_MS);
  send(core);
  await turns();
  storages[1].extraBytes = LONG_BYTES - storages[1].log.sizeBytes;
  clock.advance(LOOK_MS);
  await checkpoints.settled();
  expect(seqsOf(scene)).toEqual([0, 0]);
  storages[1].extraBytes += 1;
  clock.advance(LOOK_MS);
  await checkpoints.settled();
  expect(seqsOf(scene)).toEqual(appliedOf(scene));
});

test('not by itself while the engine closes, which writes its last one', async () => {
  const scene = sceneOf({ isOver: () => true });
  scene.checkpoints.start(INTERVAL_MS);
  send(scene.core);
  await turns();
  scene.clock.advance(INTERVAL_MS);
  await scene.checkpoints.settled();
  expect(seqsOf(scene)).toEqual([0, 0]);
  await scene.checkpoints.checkpoint();
  expect(seqsOf(scene)).toEqual(appliedOf(scene));
});

test('begins when what its shard applied is on disk, and stands when that of all shards is', async () => {
  const scene = sceneOf({}, false);
  const { core, storages, checkpoints } = scene;
  send(core);
  await turns();
  let isOver = false;
  const run = checkpoints.checkpoint().then((summary) => {
    isOver = true;
    return summary;
  });
  await turns();
  expect([isOver, ...seqsOf(scene)]).toEqual([false, 0, 0]);
  storages[0].flush();
  await turns();
  // What came to the other shard is not on its disk: this one's may lack a profile that left for there.
  expect([isOver, ...seqsOf(scene)]).toEqual([false, 0, 0]);
  expect(storages[0].checkpoints.latest()).toBeUndefined();
  storages[1].flush();
  const { seq, sizeBytes } = await run;
  expect([...seq]).toEqual(appliedOf(scene));
  expect(sizeBytes).toBeGreaterThan(0);
});

test('stands when what was handed over by then has arrived', async () => {
  let arrive = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const scene = sceneOf({ handedOver: () => arrived });
  send(scene.core);
  await turns();
  const run = scene.checkpoints.checkpoint();
  await turns();
  expect(seqsOf(scene)).toEqual([0, 0]);
  arrive();
  await run;
  expect(seqsOf(scene)).toEqual(appliedOf(scene));
});

test('one at a time: who asks during one gets the next, with what came meanwhile', async () => {
  const waits: (() => void)[] = [];
  const handedOver = (): Promise<void> => new Promise((resolve) => waits.push(resolve));
  const scene = sceneOf({ handedOver });
  const goOn = async (): Promise<void> => {
    for (const resolve of waits.splice(0)) resolve();
    await turns();
  };
  send(scene.core);
  await turns();
  const before = appliedOf(scene);
  const first = scene.checkpoints.checkpoint();
  const second = scene.checkpoints.checkpoint();
  await turns();
  expect(waits).toHaveLength(1);
  await goOn();
  // The first shard's is written, the second's waits: what comes now is the next one's.
  send(scene.core);
  await turns();
  await goOn();
  const firstTold = await first;
  expect(firstTold.seq[0]).toBe(before[0]);
  await goOn();
  await goOn();
  expect([...(await second).seq]).toEqual(appliedOf(scene));
  expect(appliedOf(scene)[0]).toBeGreaterThan(before[0]);
});

test('one that failed is told to who asked, and the schedule tells it until one went well', async () => {
  let fails = true;
  const handedOver = (): Promise<void> => (fails ? Promise.reject(new Error('nobody is there')) : Promise.resolve());
  const scene = sceneOf({ handedOver });
  const { core, clock, checkpoints } = scene;
  checkpoints.start(INTERVAL_MS);
  send(core);
  await turns();
  await expect(checkpoints.checkpoint()).rejects.toThrow('nobody is there');
  expect(checkpoints.hasFailed).toBe(false);
  clock.advance(INTERVAL_MS);
  await turns();
  expect([checkpoints.hasFailed, checkpoints.isDue]).toEqual([true, true]);
  fails = false;
  clock.advance(INTERVAL_MS);
  await checkpoints.settled();
  await turns();
  expect([checkpoints.hasFailed, checkpoints.isDue]).toEqual([false, false]);
});
