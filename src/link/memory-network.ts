/**
 * A network inside one process, for tests and simulations. Whoever made it schedules every step, so a seed decides all order
 * and delay; the messages of one direction of a channel keep theirs whatever the order of the steps. Messages are copied.
 */
import { EngineError } from '../model/error.ts';
import type { Channel } from './channel.ts';
import type { Listening, Network } from './dial.ts';

/** Runs the task in a later turn; several that wait may run in any order. */
export type Schedule = (task: () => void) => void;

interface Place {
  readonly accept: (channel: Channel) => void;
}

/** A channel's two ends, and who they are. */
interface Pair {
  readonly address: string;
  readonly dialler: string;
  readonly ends: readonly [MemoryChannel, MemoryChannel];
}

/** What an anonymous caller is called. */
const NOBODY = '';

export class MemoryNetwork implements Network {
  readonly #schedule: Schedule;
  readonly #places = new Map<string, Place>();
  readonly #pairs = new Set<Pair>();
  /** `address` or `address\0dialler`. */
  readonly #cuts = new Set<string>();
  /** Steps that a cut holds up. */
  #held: { readonly address: string; readonly dialler: string; readonly task: () => void }[] = [];

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** The network as this party dials on it, so that a cut can be between two parties. */
  as(dialler: string): Network {
    return {
      dial: (address) => this.#dial(address, dialler),
      listen: (address, accept) => this.listen(address, accept),
    };
  }

  dial(address: string): Promise<Channel> {
    return this.#dial(address, NOBODY);
  }

  async listen(address: string, accept: (channel: Channel) => void): Promise<Listening> {
    if (this.#places.has(address)) {
      throw new EngineError('invalid_request', `cannot listen on ${address}: another process listens there`, {
        details: { address },
      });
    }
    const place: Place = { accept };
    this.#places.set(address, place);
    return {
      address,
      close: async () => {
        if (this.#places.get(address) === place) this.#places.delete(address);
      },
    };
  }

  /** Open channels, of one address or of all. */
  channelCount(address?: string | undefined): number {
    let count = 0;
    for (const pair of this.#pairs) if (address === undefined || pair.address === address) count++;
    return count;
  }

  /** From now on nothing passes between the address and the dialler (absent = anybody), as on a broken cable: nobody is told. */
  cut(address: string, dialler?: string | undefined): void {
    this.#cuts.add(cutKey(address, dialler));
  }

  /** What was held up goes on, in order. */
  heal(address: string, dialler?: string | undefined): void {
    this.#cuts.delete(cutKey(address, dialler));
    const held = this.#held;
    this.#held = [];
    for (const { address: to, dialler: from, task } of held) this.#step(to, from, task);
  }

  /** As when the process that listens there dies: all its channels break, with what was on its way, and nobody listens any more. */
  kill(address: string): void {
    this.#places.delete(address);
    this.breakChannels(address);
  }

  /** The channels break, with what was on its way; who listens there still does. */
  breakChannels(address: string, dialler?: string | undefined): void {
    for (const pair of [...this.#pairs]) {
      if (pair.address !== address || (dialler !== undefined && pair.dialler !== dialler)) continue;
      this.#pairs.delete(pair);
      for (const end of pair.ends) end.break();
    }
  }

  #dial(address: string, dialler: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      this.#step(address, dialler, () => {
        const place = this.#places.get(address);
        if (place === undefined) {
          reject(
            new EngineError('shard_unavailable', `cannot reach ${address}: nobody listens there`, {
              details: { address },
            }),
          );
          return;
        }
        const step: Schedule = (task) => this.#step(address, dialler, task);
        const near = new MemoryChannel(step);
        const far = new MemoryChannel(step);
        const pair: Pair = { address, dialler, ends: [near, far] };
        const onOver = (): void => {
          if (near.isOver && far.isOver) this.#pairs.delete(pair);
        };
        near.join(far, onOver);
        far.join(near, onOver);
        this.#pairs.add(pair);
        place.accept(far);
        resolve(near);
      });
    });
  }

  /** A step of what goes on between two parties: held while there is a cut, when it was asked for and when it would be taken. */
  #step(address: string, dialler: string, task: () => void): void {
    if (this.#isCut(address, dialler)) {
      this.#held.push({ address, dialler, task });
      return;
    }
    this.#schedule(() => {
      if (this.#isCut(address, dialler)) this.#held.push({ address, dialler, task });
      else task();
    });
  }

  #isCut(address: string, dialler: string): boolean {
    return this.#cuts.has(cutKey(address, undefined)) || this.#cuts.has(cutKey(address, dialler));
  }
}

function cutKey(address: string, dialler: string | undefined): string {
  return dialler === undefined ? address : `${address}\0${dialler}`;
}

/** One end. What it sends stands in its own queue until a step brings the first of it to the other end. */
class MemoryChannel implements Channel {
  readonly #step: Schedule;
  #other: MemoryChannel | undefined;
  #onOver: () => void = () => undefined;
  /** `undefined` = closed in order, behind all messages. */
  readonly #sent: (Uint8Array | undefined)[] = [];
  #sentBytes = 0;
  readonly #arrived: Uint8Array[] = [];
  #isClosed = false;
  #isOver = false;
  #error: Error | undefined;
  #messageHandler: ((message: Uint8Array) => void) | undefined;
  #drainHandler: () => void = () => undefined;
  #closeHandler: ((error: Error | undefined) => void) | undefined;

  constructor(step: Schedule) {
    this.#step = step;
  }

  join(other: MemoryChannel, onOver: () => void): void {
    this.#other = other;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get bufferedBytes(): number {
    return this.#sentBytes;
  }

  send(message: Uint8Array): boolean {
    if (this.#isClosed) return true;
    this.#sent.push(Uint8Array.from(message));
    this.#sentBytes += message.length;
    this.#step(() => this.#deliverFirst());
    return true;
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#messageHandler = handler;
    if (this.#arrived.length > 0) this.#step(() => this.#hand());
  }

  onDrain(handler: () => void): void {
    this.#drainHandler = handler;
  }

  onClose(handler: (error: Error | undefined) => void): void {
    this.#closeHandler = handler;
    if (this.#isOver) this.#step(() => handler(this.#error));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#arrived.length = 0;
    this.#sent.push(undefined);
    this.#step(() => this.#deliverFirst());
    this.#step(() => this.#over());
  }

  /** As a reset: both directions at once, nothing more arrives. The network tells both ends. */
  break(): void {
    if (this.#isOver) return;
    this.#isClosed = true;
    this.#isOver = true;
    this.#sent.length = 0;
    this.#sentBytes = 0;
    this.#arrived.length = 0;
    this.#error ??= new Error('the connection was reset');
    // A cut keeps the news back too, as a broken cable does.
    this.#step(() => this.#closeHandler?.(this.#error));
  }

  #deliverFirst(): void {
    if (this.#sent.length === 0) return;
    const message = this.#sent.shift();
    if (message === undefined) {
      this.#other?.end();
      return;
    }
    this.#sentBytes -= message.length;
    this.#other?.take(message);
    if (!this.#isOver) this.#drainHandler();
  }

  take(message: Uint8Array): void {
    if (this.#isClosed) return;
    this.#arrived.push(message);
    this.#hand();
  }

  #hand(): void {
    while (this.#messageHandler !== undefined && this.#arrived.length > 0) {
      const message = this.#arrived.shift();
      if (message !== undefined) this.#messageHandler(message);
    }
  }

  /** The other end closed in order. */
  end(): void {
    this.#isClosed = true;
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    this.#closeHandler?.(this.#error);
  }
}
