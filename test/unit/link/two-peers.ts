/** Two peers over a memory network in a seeded world, and a raw end in place of one. */
import type { Channel } from '../../../src/link/channel.ts';
import { MemoryNetwork } from '../../../src/link/memory-network.ts';
import { type Handlers, Peer, type PeerLimits } from '../../../src/link/peer.ts';
import { ValueReader } from '../../../src/link/value-reader.ts';
import { ValueWriter } from '../../../src/link/value-writer.ts';
import { SeededWorld } from './seeded-world.ts';

export interface TwoPeers {
  readonly world: SeededWorld;
  readonly network: MemoryNetwork;
  readonly caller: Peer;
  readonly callee: Peer;
  readonly faults: unknown[];
}

export async function twoPeers(
  handlers: Handlers,
  limits: PeerLimits = {},
  seed = 1,
  callerLimits: PeerLimits = limits,
): Promise<TwoPeers> {
  const world = new SeededWorld(seed);
  const network = new MemoryNetwork(world.schedule);
  const faults: unknown[] = [];
  const { clock } = world;
  let callee: Peer | undefined;
  await network.listen('shard-1', (channel) => {
    callee = new Peer(channel, {
      handlers,
      clock,
      name: 'router',
      onFault: (error) => faults.push(error),
      ...limits,
    });
  });
  const channel = await world.settle(network.dial('shard-1'));
  const caller = new Peer(channel, { handlers: {}, clock, name: 'shard 1', ...callerLimits });
  await world.settle(caller.ready);
  if (callee === undefined) throw new Error('nobody was accepted');
  await world.settle(callee.ready);
  return { world, network, caller, callee, faults };
}

const writer = new ValueWriter(1 << 26);
const reader = new ValueReader();

export function encoded(value: unknown): Uint8Array {
  writer.begin();
  writer.value(value);
  return writer.end();
}

export function decoded(bytes: Uint8Array): unknown {
  reader.open(bytes);
  return reader.value();
}

/** A peer with an end across from it that says whatever the test wants. */
export async function rawAgainst(
  handlers: Handlers,
  limits: PeerLimits = {},
): Promise<{ world: SeededWorld; peer: Peer; raw: Channel; got: unknown[]; faults: unknown[] }> {
  const world = new SeededWorld(1);
  const network = new MemoryNetwork(world.schedule);
  const faults: unknown[] = [];
  let peer: Peer | undefined;
  await network.listen('a', (channel) => {
    peer = new Peer(channel, {
      handlers,
      clock: world.clock,
      name: 'shard 1',
      onFault: (error) => faults.push(error),
      ...limits,
    });
  });
  const raw = await world.settle(network.dial('a'));
  const got: unknown[] = [];
  raw.onMessage((message) => got.push(decoded(message)));
  if (peer === undefined) throw new Error('nobody was accepted');
  return { world, peer, raw, got, faults };
}

/** A channel whose system takes bytes only when told, with the test at its other end. */
export class HeldChannel implements Channel {
  readonly sent: Uint8Array[] = [];
  bufferedBytes = 0;
  highestBytes = 0;
  #messageHandler: (message: Uint8Array) => void = () => undefined;
  #drainHandler: () => void = () => undefined;

  send(message: Uint8Array): boolean {
    this.sent.push(message);
    this.bufferedBytes += message.length;
    this.highestBytes = Math.max(this.highestBytes, this.bufferedBytes);
    return false;
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#messageHandler = handler;
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  onClose(): void {}

  close(): void {}

  say(message: Uint8Array): void {
    this.#messageHandler(message);
  }

  take(): void {
    this.bufferedBytes = 0;
    this.#drainHandler();
  }
}
