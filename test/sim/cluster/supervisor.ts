/**
 * The supervisor of the simulation: its file, which outlives it, the map that it makes, and slots that move by the supervisor's own code. Processes
 * hear of a map later than it is made; a supervisor that is killed says nothing more, and the next one goes on by the file.
 */
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { Peer } from '../../../src/link/peer.ts';
import { Rebalance } from '../../../src/supervisor/rebalance.ts';
import { mapOf } from '../../cluster/memory-cluster.ts';
import { SimProcess } from './process.ts';
import type { Stage } from './stage.ts';

const NAME = 'supervisor';
const LOOK_MS = 20;

export class SimSupervisor {
  /** Owners and the number of shards are on the disk the moment they are here. */
  map: ClusterMap;
  #target: number | undefined;
  /** What was asked for last. */
  #wanted: number;
  readonly #cluster: Stage;
  readonly #note: (text: string) => void;
  #process: SimProcess | undefined;
  #rebalance: Rebalance | undefined;
  movedCount = 0;

  constructor(cluster: Stage, shards: number, note: (text: string) => void) {
    this.#cluster = cluster;
    this.#note = note;
    this.map = mapOf(shards);
    this.#wanted = shards;
  }

  /** What goes on, for people. */
  get move(): string | undefined {
    if (this.#target === undefined) {
      const { length } = this.map.shards;
      return length === this.#wanted ? undefined : `there are ${length} shards, and ${this.#wanted} were asked for`;
    }
    return this.#rebalance?.view?.stage ?? 'waiting for a supervisor';
  }

  start(): void {
    if (this.#process !== undefined) return;
    this.#process = new SimProcess(NAME, this.#cluster.world, this.#cluster.network);
    this.#rebalance = this.#begun(this.#process);
    const cluster = this.#cluster;
    for (const shard of cluster.shards) {
      if (!shard.isLeaving) continue;
      // The one before was about to stop it, and did not write down that it is gone.
      shard.isLeaving = false;
      void cluster.closeShard(shard.index).then(() => cluster.startShard(shard.index));
    }
    if (this.#target !== undefined) this.#rebalance.begin(this.#target);
  }

  kill(): void {
    if (this.#process === undefined) return;
    this.#note('kill supervisor');
    this.#process.kill(
      'cut_off',
      this.map.shards.map(({ address }) => address),
    );
    this.#process = undefined;
    this.#rebalance = undefined;
  }

  /** As an operator asks for it. */
  resize(shards: number): void {
    if (this.#rebalance === undefined) return;
    this.#note(`resize to ${shards} shards, from ${this.map.shards.length}`);
    this.#rebalance.begin(shards);
    this.#wanted = shards;
  }

  /** Who is there has changed. */
  publishStates(): void {
    const shards = this.map.shards.map((entry) => ({ ...entry, state: this.#stateOf(entry.index) }));
    this.#use({ shards });
    this.#cluster.tellMap();
  }

  #stateOf(index: number): 'starting' | 'up' | 'down' | 'stopping' {
    const { process, isServing, isClosing } = this.#cluster.shards[index];
    if (process === undefined) return 'down';
    if (isClosing) return 'stopping';
    return isServing ? 'up' : 'starting';
  }

  #use(change: Partial<ClusterMap>): ClusterMap {
    this.map = { ...this.map, ...change, epoch: this.map.epoch + 1 };
    return this.map;
  }

  #begun(process: SimProcess): Rebalance {
    const cluster = this.#cluster;
    // What a killed one would still do is not done.
    const assertAlive = (): void => {
      if (!process.isAlive) throw new Error('the supervisor was killed');
    };
    return new Rebalance({
      clock: process.clock,
      logger: { debug() {}, info() {}, warn: (text, fields) => this.#warn(text, fields), error() {} },
      slotOwners: () => this.map.slotOwners,
      shardCount: () => this.map.shards.length,
      grow: (count) => {
        assertAlive();
        const from = this.map.shards.length;
        this.#use({ shards: mapOf(count).shards });
        for (let index = from; index < count; index++) {
          cluster.shards[index].isLeaving = false;
          cluster.startShard(index);
        }
      },
      shrink: (count) => this.#shrink(count, process),
      keepTarget: (count) => {
        assertAlive();
        this.#target = count;
        if (count === undefined) this.#note('slots are where they belong');
      },
      keepOwners: (slotOwners) => {
        assertAlive();
        const slots = slotOwners.flatMap((owner, slot) => (owner === this.map.slotOwners[slot] ? [] : [slot]));
        this.movedCount += slots.length;
        if (slots.length > 0)
          this.#note(`slots ${slots} of shard ${this.map.slotOwners[slots[0]]} are shard ${slotOwners[slots[0]]}'s`);
        return this.#use({ slotOwners });
      },
      map: () => this.map,
      publish: () => {
        assertAlive();
        cluster.tellMap();
      },
      callShard: (shard, method, args) => this.#call(process, shard, method, args),
      contentOf: (shard) => cluster.shards[shard]?.host?.stats().profiles,
      isBusy: () => false,
      isServing: (shard) => cluster.shards[shard]?.isServing === true,
    });
  }

  #warn(text: string, fields: object | undefined): void {
    this.#note(`supervisor: ${text} ${JSON.stringify(fields ?? {}).slice(0, 120)}`);
  }

  async #call(process: SimProcess, shard: number, method: string, args: unknown): Promise<unknown> {
    const channel = await process.network.dial(this.map.shards[shard].address);
    const peer = new Peer(channel, { handlers: {}, clock: process.clock, name: `shard ${shard}` });
    try {
      await peer.ready;
      return await peer.call(method, args);
    } finally {
      peer.close();
    }
  }

  /** Shards that leave end in order, or die; both is well, for they have nothing. */
  async #shrink(count: number, process: SimProcess): Promise<void> {
    const cluster = this.#cluster;
    const leaving = cluster.shards.slice(count);
    for (const shard of leaving) {
      shard.isLeaving = true;
      this.#expectNothing(shard.index);
      void cluster.closeShard(shard.index);
    }
    while (leaving.some((shard) => shard.process !== undefined)) {
      await new Promise<void>((resolve) => process.clock.after(LOOK_MS, resolve));
      // One that was not open yet when it was told.
      for (const shard of leaving)
        if (shard.host !== undefined && !shard.isClosing) void cluster.closeShard(shard.index);
    }
    if (!process.isAlive) throw new Error('the supervisor was killed');
    this.#use({ shards: this.map.shards.slice(0, count) });
    cluster.tellMap();
  }

  #expectNothing(index: number): void {
    const { host } = this.#cluster.shards[index];
    if (host === undefined) return;
    const { profiles } = host.stats();
    const { parts } = host.stepsUnderWay();
    if (profiles + parts === 0) return;
    this.#cluster.faults.push(new Error(`shard ${index} leaves with ${profiles} profiles and ${parts} parts of steps`));
  }
}
