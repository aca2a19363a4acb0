/** What a process has of the world, all of which falls silent when it dies: what runs on of it in the test's own process hears of nothing any more. */
import type { Channel } from '../../src/link/channel.ts';
import type { Network } from '../../src/link/dial.ts';
import type { Clock } from '../../src/runtime/clock.ts';

export class Mortal {
  isAlive = true;
  readonly clock: Clock;
  readonly network: Network;

  constructor(clock: Clock, network: Network) {
    const alive = (task: () => void) => (): void => {
      if (this.isAlive) task();
    };
    this.clock = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, task) => clock.after(delayMs, alive(task)),
      every: (intervalMs, task) => clock.every(intervalMs, alive(task)),
      yieldTurn: () => new Promise((resolve) => void clock.yieldTurn().then(alive(resolve))),
    };
    this.network = {
      dial: async (address) => this.#living(await network.dial(address)),
      listen: async (address, accept) => {
        if (!this.isAlive) return new Promise(() => undefined);
        return await network.listen(address, (channel) =>
          this.isAlive ? accept(this.#living(channel)) : channel.close(),
        );
      },
    };
  }

  #living(channel: Channel): Channel {
    const isAlive = (): boolean => this.isAlive;
    if (!isAlive()) channel.close();
    return {
      get bufferedBytes() {
        return channel.bufferedBytes;
      },
      send: (message) => !isAlive() || channel.send(message),
      onMessage: (handler) => channel.onMessage((message) => void (isAlive() && handler(message))),
      onDrain: (handler) => channel.onDrain(() => void (isAlive() && handler())),
      onClose: (handler) => channel.onClose((error) => void (isAlive() && handler(error))),
      close: () => {
        if (isAlive()) channel.close();
      },
    };
  }
}
