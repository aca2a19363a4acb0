/**
 * What goes wrong in the midst of calls between processes, where it hurts most: a shard that dies when it is asked, or a moment after it has
 * answered; an answer that is lost with its link, or comes late; a part of a step that is long on its way. Which calls, and how often, is drawn for a seed.
 */
import type { Handler, Handlers, IncomingCall } from '../../../src/link/peer.ts';
import type { SimProcess } from './process.ts';
import type { Meddler, SimShard, Stage } from './stage.ts';

const CALLS = [
  'claim',
  'claim',
  'deliver',
  'deliver',
  'release',
  'live_steps',
  'catch_up',
  'arrived',
  'ingest',
  'merge',
  'unmerge',
  'move_slots',
  'begun_moves',
  'settle',
  'retire',
  'use_map',
] as const;
const RATES = [8, 30, 100];
const SOON_MS_MAX = 40;
const LATE_MS_MAX = 400;
const LONG_MS_MAX = 15_000;
const RESTART_MS_MAX = 600;

export class Crossing implements Meddler {
  readonly #cluster: Stage;
  readonly #note: (text: string) => void;
  readonly #calls: ReadonlySet<string>;
  readonly #oneIn: number;
  isOver = false;

  constructor(cluster: Stage, note: (text: string) => void) {
    const { world } = cluster;
    this.#cluster = cluster;
    this.#note = note;
    this.#calls = new Set(Array.from({ length: 1 + world.below(6) }, () => CALLS[world.below(CALLS.length)]));
    this.#oneIn = RATES[world.below(RATES.length)];
    note(`one in ${this.#oneIn} of ${[...this.#calls].join(' ')} meets with something`);
  }

  wrap(calls: Handlers, shard: SimShard, process: SimProcess): Handlers {
    const wrapped: Record<string, Handler> = {};
    for (const [name, handler] of Object.entries(calls)) {
      if (this.#calls.has(name))
        wrapped[name] = (args, call) => this.#meet(name, shard, process, call, () => handler(args, call));
      else wrapped[name] = handler;
    }
    return wrapped;
  }

  #meet(name: string, shard: SimShard, process: SimProcess, call: IncomingCall, carryOut: () => unknown): unknown {
    const { world } = this.#cluster;
    if (this.isOver || !process.isAlive || world.below(this.#oneIn) > 0) return carryOut();
    switch (world.below(6)) {
      case 0:
        this.#kill(name, shard, process);
        return new Promise(() => undefined);
      case 1:
        this.#note(`the answer of ${process.name} to ${name} is lost`);
        return this.#lost(carryOut, call);
      case 2:
        return this.#late(name, process, carryOut);
      case 3:
        return name === 'deliver' ? this.#longOnItsWay(process, carryOut) : this.#late(name, process, carryOut);
      default: {
        const given = carryOut();
        world.clock.after(world.below(SOON_MS_MAX), () => this.#kill(name, shard, process));
        return given;
      }
    }
  }

  async #lost(carryOut: () => unknown, { peer }: IncomingCall): Promise<unknown> {
    try {
      return await carryOut();
    } finally {
      peer?.close();
    }
  }

  /** As of a process that is busy, sometimes for longer than the caller waits. */
  async #late(name: string, process: SimProcess, carryOut: () => unknown): Promise<unknown> {
    const { world } = this.#cluster;
    const delayMs = world.below(world.below(6) === 0 ? LONG_MS_MAX : LATE_MS_MAX);
    this.#note(`the answer of ${process.name} to ${name} is ${delayMs} ms late`);
    try {
      return await carryOut();
    } finally {
      await new Promise<void>((resolve) => process.clock.after(delayMs, resolve));
    }
  }

  /** Others are heard meanwhile: it is the way that is slow. */
  async #longOnItsWay(process: SimProcess, carryOut: () => unknown): Promise<unknown> {
    const delayMs = this.#cluster.world.below(LATE_MS_MAX);
    this.#note(`parts for ${process.name} are ${delayMs} ms on their way`);
    await new Promise<void>((resolve) => process.clock.after(delayMs, resolve));
    return carryOut();
  }

  #kill(name: string, shard: SimShard, process: SimProcess): void {
    if (this.isOver || shard.process !== process) return;
    const cluster = this.#cluster;
    this.#note(`${process.name} dies of ${name}`);
    cluster.killShard(shard.index, cluster.world.below(2) === 0 ? 'cut_off' : 'sent_arrives');
    cluster.world.clock.after(1 + cluster.world.below(RESTART_MS_MAX), () => cluster.startShard(shard.index));
  }
}
