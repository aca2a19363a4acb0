/** What goes wrong, and when, from a seed; and putting all of it right again. */
import type { SimCluster } from './cluster.ts';
import { Crossing } from './crossing.ts';
import { type MishapPlan, Mishaps } from './mishaps.ts';

export interface FaultPlan extends MishapPlan {
  readonly kills: boolean;
  readonly routerKills: boolean;
  readonly cuts: boolean;
  readonly slowDisks: boolean;
  readonly stuckDisks: boolean;
  readonly fullDisks: boolean;
  readonly tornCheckpoints: boolean;
  /** In the midst of calls. */
  readonly crossings: boolean;
  readonly supervisorKills: boolean;
  readonly storms: boolean;
  readonly clockSteps: boolean;
  readonly upgrades: boolean;
  /** Longest time between two faults. */
  readonly everyMsMax: number;
}

const DELAY_MS_MAX = 5;
const STORM_MS_MAX = 300;
const SLOW_MS_MAX = 800;
/** Longer than a shard waits for another to take its part of a step. */
const STUCK_MS_MAX = 25_000;
const FULL_MS_MAX = 4_000;
const LONG_CUT_MS_MAX = 15_000;
const CLOCK_STEP_MS_MAX = 600_000;

type Fault = () => void;

export class Faults {
  readonly #cluster: SimCluster;
  readonly #note: (text: string) => void;
  readonly #faults: readonly Fault[];
  readonly #everyMsMax: number;
  readonly #cuts = new Set<string>();
  readonly #flushMsMax: number;
  #isOver = false;

  constructor(cluster: SimCluster, plan: FaultPlan, note: (text: string) => void) {
    this.#cluster = cluster;
    this.#note = note;
    this.#everyMsMax = plan.everyMsMax;
    this.#flushMsMax = cluster.shards[0].flushMsMax;
    const faults: Fault[] = [];
    if (plan.kills) faults.push(this.#killShard, this.#killShard, this.#killSeveral);
    if (plan.routerKills) faults.push(this.#killRouter);
    if (plan.cuts) faults.push(this.#cut, this.#cut, this.#break);
    if (plan.slowDisks) faults.push(this.#slowDisk);
    if (plan.stuckDisks) faults.push(this.#stickDisk);
    if (plan.fullDisks) faults.push(this.#fillDisk);
    if (plan.supervisorKills) faults.push(this.#killSupervisor);
    if (plan.crossings) cluster.meddlers.push(new Crossing(cluster, note));
    if (plan.forgetting || plan.lostDeliveries || plan.latecomers || plan.orphans)
      cluster.meddlers.push(new Mishaps(cluster, plan, note));
    cluster.tearsCheckpoints = plan.tornCheckpoints;
    if (plan.storms) faults.push(this.#storm);
    if (plan.clockSteps) faults.push(this.#stepClock);
    if (plan.upgrades) faults.push(this.#upgrade);
    this.#faults = faults;
  }

  start(): void {
    if (this.#faults.length === 0) return;
    const { world } = this.#cluster;
    const again = (): void => {
      world.clock.after(1 + world.below(this.#everyMsMax), () => {
        if (this.#isOver) return;
        this.#faults[world.below(this.#faults.length)]();
        again();
      });
    };
    again();
  }

  /** From here on nothing goes wrong any more. */
  heal(): void {
    const { world, network, shards, routers } = this.#cluster;
    this.#isOver = true;
    for (const meddler of this.#cluster.meddlers) meddler.isOver = true;
    this.#cluster.supervisor.start();
    world.delayMsMax = DELAY_MS_MAX;
    for (const cut of this.#cuts) {
      const [address, dialler] = cut.split('|');
      network.heal(address, dialler === '' ? undefined : dialler);
    }
    this.#cuts.clear();
    for (const shard of shards) {
      shard.flushMsMax = this.#flushMsMax;
      shard.isDiskStuck = false;
      shard.isDiskFull = false;
      if (shard.process !== undefined) shard.process.clockOffsetMs = 0;
      this.#cluster.startShard(shard.index);
    }
    routers.forEach((router, place) => {
      if (router.process !== undefined) router.process.clockOffsetMs = 0;
      this.#cluster.startRouter(place);
    });
  }

  #later(msMax: number, task: () => void): void {
    const { world } = this.#cluster;
    world.clock.after(1 + world.below(msMax), () => {
      if (!this.#isOver) task();
    });
  }

  #aShard(): number {
    return this.#cluster.world.below(this.#cluster.shards.length);
  }

  readonly #killShard = (): void => {
    const cluster = this.#cluster;
    const index = this.#aShard();
    cluster.killShard(index, cluster.world.below(2) === 0 ? 'cut_off' : 'sent_arrives');
    this.#later(cluster.world.below(2) === 0 ? 60 : 1_500, () => cluster.startShard(index));
  };

  readonly #killSeveral = (): void => {
    for (const { index } of this.#cluster.shards) {
      if (this.#cluster.world.below(3) > 0) continue;
      this.#cluster.killShard(index, 'cut_off');
      this.#later(800, () => this.#cluster.startShard(index));
    }
  };

  readonly #killRouter = (): void => {
    const cluster = this.#cluster;
    const place = cluster.world.below(cluster.routers.length);
    cluster.killRouter(place, cluster.world.below(2) === 0 ? 'cut_off' : 'sent_arrives');
    this.#later(500, () => cluster.startRouter(place));
  };

  /** Everybody's way to a shard, or one party's; what a shard dials itself still works. */
  readonly #cut = (): void => {
    const { world, network, map, routers } = this.#cluster;
    const { address } = map.shards[this.#aShard()];
    const diallers = [...map.shards.map((shard) => shard.address), ...routers.map(({ name }) => name), 'supervisor'];
    const dialler = world.below(5) === 0 ? undefined : diallers[world.below(diallers.length)];
    if (dialler === address) return;
    const cut = `${address}|${dialler ?? ''}`;
    if (this.#cuts.has(cut)) return;
    this.#cuts.add(cut);
    this.#note(`cut ${cut}`);
    network.cut(address, dialler);
    // The other direction too, mostly.
    const isBoth = dialler?.startsWith('shard') === true && world.below(3) > 0;
    const back = `${dialler}|${address}`;
    if (isBoth && !this.#cuts.has(back)) {
      this.#cuts.add(back);
      network.cut(dialler, address);
    }
    this.#later(world.below(4) === 0 ? LONG_CUT_MS_MAX : 600, () => {
      this.#note(`heal ${cut}`);
      this.#cuts.delete(cut);
      network.heal(address, dialler);
      if (isBoth && this.#cuts.delete(back)) network.heal(dialler, address);
    });
  };

  readonly #break = (): void => {
    const { network, map, world } = this.#cluster;
    const { address } = map.shards[this.#aShard()];
    const dialler = world.below(2) === 0 ? undefined : map.shards[this.#aShard()].address;
    this.#note(`break ${address} ${dialler ?? ''}`);
    network.breakChannels(address, dialler);
  };

  readonly #slowDisk = (): void => {
    const shard = this.#cluster.shards[this.#aShard()];
    this.#note(`slow disk ${shard.index}`);
    shard.flushMsMax = SLOW_MS_MAX;
    this.#later(2_000, () => {
      shard.flushMsMax = this.#flushMsMax;
    });
  };

  readonly #stickDisk = (): void => {
    const { world } = this.#cluster;
    const shard = this.#cluster.shards[this.#aShard()];
    this.#note(`stuck disk ${shard.index}`);
    shard.isDiskStuck = true;
    this.#later(world.below(2) === 0 ? STUCK_MS_MAX : 1_000, () => {
      this.#note(`disk ${shard.index} goes on`);
      shard.isDiskStuck = false;
    });
  };

  readonly #fillDisk = (): void => {
    const shard = this.#cluster.shards[this.#aShard()];
    this.#note(`full disk ${shard.index}`);
    shard.isDiskFull = true;
    if (shard.process !== undefined) shard.storage.failDisk();
    this.#later(FULL_MS_MAX, () => {
      this.#note(`disk ${shard.index} has room`);
      shard.isDiskFull = false;
    });
  };

  readonly #killSupervisor = (): void => {
    const { supervisor } = this.#cluster;
    supervisor.kill();
    this.#later(2_000, () => supervisor.start());
  };

  readonly #storm = (): void => {
    const { world } = this.#cluster;
    this.#note('storm');
    world.delayMsMax = STORM_MS_MAX;
    this.#later(1_000, () => {
      world.delayMsMax = DELAY_MS_MAX;
    });
  };

  readonly #stepClock = (): void => {
    const { world, shards, routers } = this.#cluster;
    const processes = [...shards, ...routers].flatMap(({ process }) => (process === undefined ? [] : [process]));
    if (processes.length === 0) return;
    const process = processes[world.below(processes.length)];
    process.clockOffsetMs = world.below(2 * CLOCK_STEP_MS_MAX) - CLOCK_STEP_MS_MAX;
    this.#note(`clock of ${process.name} is off by ${process.clockOffsetMs}`);
  };

  readonly #upgrade = (): void => {
    const cluster = this.#cluster;
    const index = this.#aShard();
    void cluster.closeShard(index).then(() => {
      if (cluster.shards[index].process === undefined) cluster.startShard(index);
    });
  };
}
