import { expect, it } from 'vitest';
import { heldAlive } from '../../../src/cli/process.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

const holders = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

it('a command that waits for a timer of the clock, which holds nobody, is not left in the midst', async () => {
  const before = holders();
  let during = 0;
  const told = await heldAlive(async () => {
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
    during = holders();
    return 7;
  });
  expect([told, during - before, holders() - before]).toEqual([7, 1, 0]);
  await expect(heldAlive(() => Promise.reject(new Error('it failed')))).rejects.toThrow('it failed');
  expect(holders()).toBe(before);
});
