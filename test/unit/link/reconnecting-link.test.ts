/** A link that comes back: after the other end died, was cut off, moved, or would not greet. */
import { expect, test } from 'vitest';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import { type Handlers, Peer } from '../../../src/link/peer.ts';
import { ReconnectingLink, type ReconnectingLinkOptions } from '../../../src/link/reconnecting-link.ts';
import { SeededWorld } from './seeded-world.ts';

interface Scene {
  readonly world: SeededWorld;
  readonly network: MemoryNetwork;
  readonly link: ReconnectingLink;
  readonly log: string[];
  readonly serve: (address: string, handlers?: Handlers) => Promise<void>;
}

function scene(options: Partial<ReconnectingLinkOptions> = {}): Scene {
  const world = new SeededWorld(7);
  const network = new MemoryNetwork(world.schedule);
  const { clock, random } = world;
  const log: string[] = [];
  const link = new ReconnectingLink({
    network,
    address: 'a',
    handlers: {},
    clock,
    random,
    name: 'shard 1',
    ...options,
  });
  link.onUp(() => log.push(`up ${link.session}`));
  link.onDown((reason) => log.push(`down ${reason?.code}`));
  const serve = async (address: string, handlers: Handlers = { echo: (args) => args }): Promise<void> => {
    await network.listen(address, (channel) => {
      new Peer(channel, { handlers, clock });
    });
  };
  return { world, network, link, log, serve };
}

test('comes up, goes down, comes up again; calls fail at once meanwhile', async () => {
  const { world, network, link, log, serve } = scene();
  await expect(link.call('echo', 1)).rejects.toMatchObject({ code: 'shard_unavailable', details: undefined });
  expect(() => link.notify('echo', 1)).toThrow('shard 1 cannot be reached now');
  await serve('a');
  const peer = await world.settle(link.whenUp());
  expect([link.session, link.isUp, link.peer === peer]).toEqual([1, true, true]);
  expect(await world.settle(link.call('echo', 'x'))).toBe('x');
  network.kill('a');
  await world.runTo(world.nowMs + 500);
  expect(link.isUp).toBe(false);
  await expect(link.call('echo', 1)).rejects.toMatchObject({
    code: 'shard_unavailable',
    message: expect.stringContaining('nobody listens there'),
    retryAfterMs: expect.any(Number),
  });
  await serve('a');
  await world.settle(link.whenUp());
  expect(await world.settle(link.call('echo', 'y'))).toBe('y');
  expect(log).toEqual(['up 1', 'down shard_unavailable', 'up 2']);
});

test('a pause ends when somebody knows better, and nothing else is touched', async () => {
  const { world, network, link, log, serve } = scene({ firstPauseMs: 60_000, longestPauseMs: 60_000 });
  await world.runTo(1_000);
  expect(link.isUp).toBe(false);
  await serve('a');
  link.dialNow();
  // Under way already.
  link.dialNow();
  await world.runTo(2_000);
  expect(log).toEqual(['up 1']);
  link.dialNow();
  await world.runTo(3_000);
  network.kill('a');
  await world.runTo(4_000);
  link.dialNow();
  await world.runTo(5_000);
  expect(log).toEqual(['up 1', 'down shard_unavailable']);
  link.close();
  link.dialNow();
  await serve('a');
  await world.runTo(200_000);
  expect(log).toHaveLength(2);
});

test('pauses grow to their longest, are jittered, and start anew after a steady link', async () => {
  const dialledMs: number[] = [];
  const { world, network, link, serve } = scene({ firstPauseMs: 10, longestPauseMs: 1_000 });
  world.delayMsMax = 0;
  const dial = network.dial.bind(network);
  network.dial = (address) => {
    dialledMs.push(world.nowMs);
    return dial(address);
  };
  await world.runTo(20_000);
  const pauses = dialledMs.slice(1).map((ms, index) => ms - dialledMs[index]);
  expect(pauses.length).toBeGreaterThan(20);
  for (const [index, pause] of pauses.entries()) {
    // The first try was made before the watch: this is the pause after the second.
    const fullMs = Math.min(1_000, 10 * 2 ** (index + 1));
    expect(pause).toBeGreaterThanOrEqual(Math.floor(fullMs / 2));
    expect(pause).toBeLessThanOrEqual(fullMs);
  }
  expect(new Set(pauses.slice(8)).size).toBeGreaterThan(5);
  await serve('a');
  await world.settle(link.whenUp());
  await world.runTo(world.nowMs + 5_000);
  const brokenMs = world.nowMs;
  network.breakChannels('a');
  await world.settle(link.whenUp());
  expect(world.nowMs - brokenMs).toBeLessThanOrEqual(10);
});

test('an address that swallows everything is given up after a time and tried again', async () => {
  const { world, network, link, serve, log } = scene({ dialTimeoutMs: 200 });
  network.cut('a');
  await serve('a');
  await world.runTo(1_000);
  expect(link.lastError?.message).toContain('did not answer within 200 ms');
  network.heal('a');
  await world.settle(link.whenUp());
  expect(log).toEqual(['up 1']);
  // Channels of tries that were given up are closed when they come at last.
  await world.runTo(world.nowMs + 1_000);
  expect(network.channelCount('a')).toBe(1);
});

test('is up only after the hello, and a hello that fails is tried again', async () => {
  let greetings = 0;
  const { world, link, serve, log } = scene({
    hello: async (peer) => {
      greetings++;
      expect(link.isUp).toBe(false);
      await peer.call('greet', greetings);
    },
  });
  await serve('a', {
    greet: (args) => {
      if (args !== 3) throw new Error('not yet');
    },
  });
  await world.settle(link.whenUp());
  expect([greetings, log]).toEqual([3, ['up 1']]);
});

test('an end of another version never counts as up, and is not dialled without pause', async () => {
  const { world, network, link } = scene({ longestPauseMs: 1_000 });
  let accepted = 0;
  await network.listen('a', (channel) => {
    accepted++;
    channel.onMessage(() => channel.send(Uint8Array.from([0x93, 0, 0xa4, 0x6b, 0x69, 0x74, 0x68, 2])));
  });
  await world.runTo(10_000);
  expect(link.session).toBe(0);
  expect(link.lastError?.message).toContain('speaks version 2');
  expect(accepted).toBeGreaterThan(5);
  expect(accepted).toBeLessThan(40);
});

test('another address is dialled at once and the old link is closed', async () => {
  const { world, network, link, serve, log } = scene();
  await serve('a', { where: () => 'a' });
  await serve('b', { where: () => 'b' });
  await world.settle(link.whenUp());
  link.setAddress('b');
  expect(link.isUp).toBe(false);
  await world.settle(link.whenUp());
  expect(await world.settle(link.call('where', null))).toBe('b');
  await world.runTo(world.nowMs + 5_000);
  expect([network.channelCount('a'), network.channelCount('b')]).toEqual([0, 1]);
  expect(log).toEqual(['up 1', 'down undefined', 'up 2']);
});

test('closed, it dials no more, and whoever waits is told', async () => {
  const { world, network, link, serve, log } = scene();
  const waiting = link.whenUp();
  const told = expect(waiting).rejects.toThrow('the link to shard 1 is closed');
  link.close();
  await told;
  await serve('a');
  await world.runTo(10_000);
  expect(network.channelCount()).toBe(0);
  await expect(link.whenUp()).rejects.toThrow('is closed');
  await expect(link.call('echo', 1)).rejects.toThrow('is closed');
  expect(log).toEqual([]);
});
