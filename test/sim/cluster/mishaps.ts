/**
 * What goes wrong where the protocol has something to lose, each as often as it takes to meet somebody's people:
 *
 * - _forgetting_: a shard dies when it has just told what it knows and not all that it knows is on its disk;
 * - _lost deliveries_: the link breaks over which parts of steps came, before they are on the disk or before the answer is back, and word that they
 *   arrived is late too, so they come again, or the shard dies of it;
 * - _latecomers_: a shard dies that has kept something for a step, and is back, with routers calling, before the other shards reach it; or the step
 *   waits meanwhile for what another shard keeps for it;
 * - _orphans_: a shard dies whose parts have just come to another one, and is back, and its parts are long on their way to others.
 *
 * Disks are slow where what is not on them matters.
 */
import type { Handler, Handlers, IncomingCall } from '../../../src/link/peer.ts';
import type { SimProcess } from './process.ts';
import type { Meddler, SimShard, Stage } from './stage.ts';

export interface MishapPlan {
  readonly forgetting: boolean;
  readonly lostDeliveries: boolean;
  readonly latecomers: boolean;
  readonly orphans: boolean;
}

/** Starting a process is what costs most. */
const DEATHS_MAX = 10;
const SOON_MS_MAX = 15;
const DECIDED_WITHIN_MS = 100;
const RESTART_MS_MAX = 600;
const QUICK_RESTART_MS_MAX = 40;
const LAG_MS_MIN = 100;
const LAG_MS_MAX = 1_500;
const LOST_ONE_IN = 3;
const LATE_MS_MAX = 300;
const LATE_CLAIM_MS_MAX = 800;
/** Longest time from an append to its sync, where what is not on the disk matters. */
const SLOW_FLUSH_MS_MAX = 300;
const LATE_ONE_IN = 6;
const LATECOMER_ONE_IN = 2;
const ORPHAN_ONE_IN = 6;

export class Mishaps implements Meddler {
  readonly #stage: Stage;
  readonly #plan: MishapPlan;
  readonly #note: (text: string) => void;
  #deathCount = 0;
  isOver = false;

  constructor(stage: Stage, plan: MishapPlan, note: (text: string) => void) {
    this.#stage = stage;
    this.#plan = plan;
    this.#note = note;
    const { forgetting, lostDeliveries, orphans } = plan;
    if (!forgetting && !lostDeliveries && !orphans) return;
    for (const shard of stage.shards) shard.flushMsMax = SLOW_FLUSH_MS_MAX;
  }

  wrap(calls: Handlers, shard: SimShard, process: SimProcess): Handlers {
    const { claim, deliver, arrived } = calls;
    return {
      ...calls,
      claim: (args, call) => this.#claimed(claim, args, call, shard, process),
      arrived: (args, call) => this.#arrived(arrived, args, call, shard, process),
      deliver: (args, call) => this.#delivered(deliver, args, call, process),
    };
  }

  async #claimed(
    claim: Handler,
    args: unknown,
    call: IncomingCall,
    shard: SimShard,
    process: SimProcess,
  ): Promise<unknown> {
    const { world } = this.#stage;
    const { forgetting, latecomers } = this.#plan;
    const answer = await claim(args, call);
    if (latecomers && !this.isOver && world.below(LATE_ONE_IN) === 0) {
      await new Promise<void>((resolve) => process.clock.after(world.below(LATE_CLAIM_MS_MAX), resolve));
      return answer;
    }
    const { holder } = args as { readonly holder: string };
    const asker = Number(holder.split(':')[0]);
    if (forgetting && isBehind(shard)) {
      this.#whenDecided(asker, () => this.#kill('what it told', shard, process, RESTART_MS_MAX));
    } else if (latecomers && world.below(LATECOMER_ONE_IN) === 0) {
      this.#whenDecided(asker, () => {
        if (this.#kill('a claim', shard, process, QUICK_RESTART_MS_MAX)) this.#lag(shard.index, 'to', asker);
      });
    }
    return answer;
  }

  /** When the shard that asked has decided a step, which rests on the answer, most likely; not at all when it takes long. */
  #whenDecided(asker: number, then: () => void): void {
    const { world, shards } = this.#stage;
    const partsOf = (): number => shards.find(({ index }) => index === asker)?.host?.stepsUnderWay().parts ?? 0;
    const before = partsOf();
    const look = (turn: number): void => {
      if (partsOf() > before) then();
      else if (turn < DECIDED_WITHIN_MS) world.clock.after(1, () => look(turn + 1));
    };
    look(0);
  }

  async #arrived(
    arrived: Handler,
    args: unknown,
    call: IncomingCall,
    shard: SimShard,
    process: SimProcess,
  ): Promise<unknown> {
    const { world } = this.#stage;
    const { forgetting, lostDeliveries } = this.#plan;
    const answer = await arrived(args, call);
    if ((forgetting || lostDeliveries) && isBehind(shard)) {
      world.clock.after(world.below(SOON_MS_MAX), () => this.#kill('what it told', shard, process, RESTART_MS_MAX));
    }
    if (!lostDeliveries || this.isOver || world.below(2) === 0) return answer;
    await new Promise<void>((resolve) => process.clock.after(world.below(LATE_MS_MAX), resolve));
    return answer;
  }

  #delivered(deliver: Handler, args: unknown, call: IncomingCall, process: SimProcess): unknown {
    const { world } = this.#stage;
    const { lostDeliveries, orphans } = this.#plan;
    const [{ origin }] = args as readonly { readonly origin: number }[];
    const sender = this.#stage.shards.find(({ index }) => index === origin);
    if (orphans && sender?.process !== undefined && this.#mayDie(sender.process) && world.below(ORPHAN_ONE_IN) === 0) {
      const dying = sender.process;
      world.clock.after(world.below(SOON_MS_MAX), () => {
        if (this.#kill('parts that it gave', sender, dying, QUICK_RESTART_MS_MAX)) this.#lag(origin, 'from');
      });
    }
    const given = deliver(args, call);
    if (!lostDeliveries || this.isOver || world.below(LOST_ONE_IN) > 0) return given;
    const isOnDisk = world.below(2) === 0;
    this.#note(
      `parts for ${process.name} came, and the link breaks ${isOnDisk ? 'when' : 'before'} they are on its disk`,
    );
    if (!isOnDisk) call.peer?.close();
    return this.#lost(given, call);
  }

  async #lost(given: unknown, { peer }: IncomingCall): Promise<unknown> {
    try {
      return await given;
    } finally {
      peer?.close();
    }
  }

  #mayDie(process: SimProcess): boolean {
    return !this.isOver && process.isAlive && this.#deathCount < DEATHS_MAX;
  }

  /** False: it is gone already. */
  #kill(of: string, shard: SimShard, process: SimProcess, restartMsMax: number): boolean {
    if (shard.process !== process || !this.#mayDie(process)) return false;
    const { world } = this.#stage;
    this.#deathCount += 1;
    this.#note(`${process.name} dies of ${of}`);
    this.#stage.killShard(shard.index, world.below(2) === 0 ? 'cut_off' : 'sent_arrives');
    world.clock.after(1 + world.below(restartMsMax), () => this.#stage.startShard(shard.index));
    return true;
  }

  /** Some of the other shards, `first` among them, do not reach it, or it does not reach them, for a while; routers do. */
  #lag(index: number, direction: 'to' | 'from', first?: number): void {
    const { world, network, shards } = this.#stage;
    for (const other of shards) {
      if (other.index === index || (other.index !== first && world.below(3) === 0)) continue;
      const [from, to] = direction === 'to' ? [other.index, index] : [index, other.index];
      const lagMs = LAG_MS_MIN + world.below(LAG_MS_MAX);
      this.#note(`shard-${from} does not reach shard-${to} for ${lagMs} ms`);
      network.cut(`shard-${to}`, `shard-${from}`);
      world.clock.after(lagMs, () => network.heal(`shard-${to}`, `shard-${from}`));
    }
  }
}

/** Not all that the shard knows is on its disk. */
function isBehind({ storage }: SimShard): boolean {
  return storage.log.durableSeq < storage.log.lastSeq;
}
