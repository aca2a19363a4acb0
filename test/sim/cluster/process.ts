/**
 * A process of the simulation: its clock, its way to the network and its disk, all of which fall silent when it is killed. What runs on of it then
 * hears of nothing any more, as if it were gone.
 */
import type { Channel } from '../../../src/link/channel.ts';
import type { Listening, Network } from '../../../src/link/dial.ts';
import type { MemoryNetwork } from '../../../src/link/memory-network.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { SeededWorld } from '../../unit/link/seeded-world.ts';
import { START_MS } from '../core.ts';

/** How a process dies: what it sent is lost with it, or still arrives. */
export type Death = 'cut_off' | 'sent_arrives';

export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly network: Network;
  isAlive = true;
  /** By how much its clock is wrong. */
  clockOffsetMs = 0;
  /** Rejects when the process is killed; nobody need listen. */
  readonly killed: Promise<never>;
  readonly #net: MemoryNetwork;
  readonly #channels = new Set<Channel>();
  readonly #listening = new Set<Listening>();
  #die: (error: Error) => void = () => undefined;

  constructor(name: string, world: SeededWorld, net: MemoryNetwork) {
    this.name = name;
    this.#net = net;
    this.killed = new Promise((_, reject) => {
      this.#die = reject;
    });
    this.killed.catch(() => undefined);
    const alive = (task: () => void) => (): void => {
      if (this.isAlive) task();
    };
    const { clock } = world;
    this.clock = {
      nowMs: () => START_MS + world.nowMs + this.clockOffsetMs,
      monotonicMs: () => world.nowMs,
      after: (delayMs, task) => clock.after(delayMs, alive(task)),
      every: (intervalMs, task) => clock.every(intervalMs, alive(task)),
      // A turn takes time too, or whoever waits in turns for others would wait for ever.
      yieldTurn: () => new Promise((resolve) => clock.after(world.below(2), alive(resolve))),
    };
    const inner = net.as(name);
    this.network = {
      dial: (address) =>
        new Promise((resolve, reject) => {
          inner.dial(address).then(
            (channel) => {
              if (this.isAlive) resolve(this.#guarded(channel));
              else channel.close();
            },
            (error: Error) => alive(() => reject(error))(),
          );
        }),
      listen: async (address, accept) => {
        const listening = await inner.listen(address, (channel) => {
          if (this.isAlive) accept(this.#guarded(channel));
          else channel.close();
        });
        this.#listening.add(listening);
        return listening;
      },
    };
  }

  #guarded(channel: Channel): Channel {
    this.#channels.add(channel);
    const isAlive = (): boolean => this.isAlive;
    return {
      get bufferedBytes() {
        return channel.bufferedBytes;
      },
      send: (message) => !isAlive() || channel.send(message),
      onMessage: (handler) =>
        channel.onMessage((message) => {
          if (isAlive()) handler(message);
        }),
      onDrain: (handler) =>
        channel.onDrain(() => {
          if (isAlive()) handler();
        }),
      onClose: (handler) =>
        channel.onClose((error) => {
          this.#channels.delete(channel);
          if (isAlive()) handler(error);
        }),
      close: () => {
        if (isAlive()) channel.close();
      },
    };
  }

  /** `others`: addresses that it may have dialled. */
  kill(death: Death, others: readonly string[]): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const listening of this.#listening) void listening.close();
    if (death === 'sent_arrives') for (const channel of [...this.#channels]) channel.close();
    else {
      this.#net.kill(this.name);
      for (const other of others) this.#net.breakChannels(other, this.name);
    }
    this.#die(new Error(`${this.name} was killed`));
  }
}
