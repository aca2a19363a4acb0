/**
 * Calls in a world where cables are cut, processes die and come back, and everything takes a drawn time: each call is settled once,
 * what succeeded was done once, what is said not to have been done was not, and pushes arrive in order.
 */
import { expect, test } from 'vitest';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import { Peer } from '../../../src/link/peer.ts';
import { ReconnectingLink } from '../../../src/link/reconnecting-link.ts';
import { EngineError } from '../../../src/model/error.ts';
import { SeededWorld } from './seeded-world.ts';

const SEEDS = Array.from({ length: 25 }, (_, index) => 1_000 + index);
const CALLS = 150;

for (const seed of SEEDS) {
  test(`calls in a broken world, seed ${seed}`, async () => {
    const world = new SeededWorld(seed, 1 + (seed % 20));
    const { clock, random } = world;
    const network = new MemoryNetwork(world.schedule);
    const doneTimes = new Map<number, number>();
    /** Pushes by the session they came in. */
    const pushes: number[][] = [];
    const serve = async (): Promise<void> => {
      await network.listen('shard', (channel) => {
        const mine: number[] = [];
        pushes.push(mine);
        new Peer(channel, {
          clock,
          handlers: {
            push: (args) => mine.push(Number(args)),
            now: (args) => {
              doneTimes.set(Number(args), (doneTimes.get(Number(args)) ?? 0) + 1);
              return args;
            },
            later: (args) =>
              new Promise((resolve) => {
                clock.after(world.below(60), () => {
                  doneTimes.set(Number(args), (doneTimes.get(Number(args)) ?? 0) + 1);
                  resolve(args);
                });
              }),
          },
        });
      });
    };
    await serve();
    const link = new ReconnectingLink({
      network: network.as('router'),
      address: 'shard',
      handlers: {},
      clock,
      random,
      name: 'shard',
      dialTimeoutMs: 300,
      longestPauseMs: 100,
    });
    const outcomes: ('done' | 'perhaps' | 'not')[] = new Array(CALLS);
    let settled = 0;
    for (let id = 0; id < CALLS; id++) {
      await world.runTo(world.nowMs + world.below(20));
      const method = world.below(2) === 0 ? 'now' : 'later';
      link.call<number>(method, id, { timeoutMs: 20 + world.below(200) }).then(
        (value) => {
          settled++;
          expect(value).toBe(id);
          outcomes[id] = 'done';
        },
        (error: unknown) => {
          settled++;
          expect(error).toBeInstanceOf(EngineError);
          const details = error instanceof EngineError ? error.details : undefined;
          outcomes[id] = details?.isUnknownOutcome === true ? 'perhaps' : 'not';
        },
      );
      if (link.isUp) link.notify('push', id);
      const chance = world.below(40);
      if (chance === 0) network.cut('shard', 'router');
      if (chance === 1) network.cut('shard');
      if (chance < 6 && chance > 1) {
        network.heal('shard', 'router');
        network.heal('shard');
      }
      if (chance === 6) network.breakChannels('shard');
      if (chance === 7) {
        network.kill('shard');
        world.schedule(() => void serve());
      }
    }
    network.heal('shard', 'router');
    network.heal('shard');
    await world.settle(link.whenUp());
    await world.runTo(world.nowMs + 5_000);
    expect(settled).toBe(CALLS);
    for (const [id, outcome] of outcomes.entries()) {
      const times = doneTimes.get(id) ?? 0;
      if (outcome === 'done') expect([id, times]).toEqual([id, 1]);
      else if (outcome === 'not') expect([id, times]).toEqual([id, 0]);
      else expect(times).toBeLessThanOrEqual(1);
    }
    for (const mine of pushes) expect(mine).toEqual([...mine].sort((a, b) => a - b));
    expect(pushes.flat().length).toBe(new Set(pushes.flat()).size);
    expect(outcomes.filter((outcome) => outcome === 'done').length).toBeGreaterThan(10);
    link.close();
    await world.runTo(world.nowMs + 5_000);
    expect(network.channelCount()).toBe(0);
  });
}
