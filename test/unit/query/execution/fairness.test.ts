/** Workers serve scans by turns: how long a short scan waits is counted in turns and chunks, never in time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newControl } from '../../../../src/query/execution/chunk-claim.ts';
import { ImageSet } from '../../../../src/query/execution/image-set.ts';
import { programOf } from '../../../../src/query/execution/program.ts';
import { QUANTUM_NS, runInQuanta } from '../../../../src/query/execution/quantum.ts';
import type { RowScan } from '../../../../src/query/execution/row-scan.ts';
import { ScanRunner } from '../../../../src/query/execution/scan-runner.ts';
import { WorkerPool } from '../../../../src/runtime/worker-pool.ts';
import { identify, World } from './world.ts';

/** Turns in the order in which they were asked for, as an event loop gives them. */
class Turns {
  readonly #waiting: (() => void)[] = [];

  readonly next = (): Promise<void> => new Promise((resolve) => this.#waiting.push(resolve));

  async runAll(): Promise<void> {
    for (;;) {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      const first = this.#waiting.shift();
      if (first === undefined) return;
      first();
    }
  }
}

function* pieces(name: string, count: number, log: string[]): Generator<number, string, void> {
  for (let i = 0; i < count; i++) {
    log.push(name);
    yield QUANTUM_NS / 4;
  }
  return name;
}

describe('quanta of one thread', () => {
  it('let a short scan end after one quantum of each other one', async () => {
    const log: string[] = [];
    const ended: string[] = [];
    const turns = new Turns();
    const run = (name: string, count: number): Promise<unknown> => {
      return runInQuanta(pieces(name, count, log), turns.next).then((result) => ended.push(result));
    };
    const all = [run('long', 400), run('other', 400), run('short', 2)];
    await turns.runAll();
    await Promise.all(all);
    expect(ended).toEqual(['short', 'long', 'other']);
    // Four pieces are a quantum: both long ones had one before the short one's turn.
    expect(log.slice(0, 10).join(' ')).toBe('long long long long other other other other short short');
  });

  it('go round: no scan is ahead of another by more than a quantum', async () => {
    const log: string[] = [];
    const turns = new Turns();
    const all = ['a', 'b', 'c'].map((name) => runInQuanta(pieces(name, 40, log), turns.next));
    await turns.runAll();
    await Promise.all(all);
    const done: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (const name of log) {
      done[name] += 1;
      expect(Math.max(...Object.values(done)) - Math.min(...Object.values(done))).toBeLessThanOrEqual(4);
    }
  });
});

describe('a pool of one thread', () => {
  const world = new World();
  let pool: WorkerPool;
  beforeAll(() => {
    pool = new WorkerPool(1);
    world.apply(Array.from({ length: 70_000 }, (_, i) => identify(`u${i}`, { age: i % 90 })));
  });
  afterAll(() => pool.close());

  /** Over the same chunk again and again. */
  function scanOf(chunkCount: number): RowScan {
    const numbers = world.data.profiles.traits[0].numbers!;
    const program = programOf({ kind: 'numbers', column: numbers, selection: { kind: 'present' } }, new ImageSet());
    const words = new Uint32Array(new SharedArrayBuffer(2_048 * 4));
    const chunks = new Int32Array(chunkCount);
    return { kind: 'rows', program, rowCount: 65_536, candidates: undefined, words, chunks, control: newControl() };
  }

  it('answers a short scan while a long one goes on, and stops the long one when its caller leaves', async () => {
    const runner = new ScanRunner(world.data.memory.slabs, pool);
    await runner.runOnWorkers(scanOf(1), undefined);
    const caller = new AbortController();
    const long = scanOf(5_000_000);
    const cancelled = expect(runner.runOnWorkers(long, caller.signal)).rejects.toMatchObject({
      code: 'query_cancelled',
    });
    await runner.runOnWorkers(scanOf(1), undefined);
    const claimed = Atomics.load(long.control, 0);
    expect(claimed).toBeLessThan(long.chunks.length);
    caller.abort();
    await cancelled;
    expect(Atomics.load(long.control, 0)).toBeLessThan(long.chunks.length);
  });
});
