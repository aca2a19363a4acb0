import { describe, expect, it } from 'vitest';
import { DurableWaiters } from '../../../src/storage/durable-waiters.ts';

describe('DurableWaiters', () => {
  it('settles the seqs that a sync covers and no others, whatever the order of waiting', async () => {
    const waiters = new DurableWaiters();
    const settled: number[] = [];
    for (const seq of [3, 1, 2, 5]) void waiters.wait(seq).then(() => settled.push(seq));
    waiters.settle(2);
    await Promise.resolve();
    expect(settled).toEqual([1, 2]);
    waiters.settle(5);
    await Promise.resolve();
    expect(settled).toEqual([1, 2, 3, 5]);
  });

  it('rejects all that still wait', async () => {
    const waiters = new DurableWaiters();
    const first = waiters.wait(1);
    const second = waiters.wait(2);
    waiters.settle(1);
    waiters.fail(new Error('disk'));
    await expect(first).resolves.toBeUndefined();
    await expect(second).rejects.toThrow('disk');
  });
});
