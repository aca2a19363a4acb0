/** What whoever meddles with the cluster of the simulation has of it: its processes, and what can be done to them. */
import type { ClusterEngine } from '../../../src/cluster/cluster-engine.ts';
import type { ShardHost } from '../../../src/cluster/shard-host.ts';
import type { MemoryNetwork } from '../../../src/link/memory-network.ts';
import type { Handlers } from '../../../src/link/peer.ts';
import type { MemoryStorage } from '../../../src/storage/memory-storage.ts';
import type { SeededWorld } from '../../unit/link/seeded-world.ts';
import type { Death, SimProcess } from './process.ts';

export interface SimShard {
  readonly index: number;
  process: SimProcess | undefined;
  host: ShardHost | undefined;
  storage: MemoryStorage;
  isClosing: boolean;
  isServing: boolean;
  /** Has no slots any more: it is not started again. */
  isLeaving: boolean;
  /** Longest time from an append to its sync. */
  flushMsMax: number;
  /** Nothing reaches the disk for now. */
  isDiskStuck: boolean;
  /** Whoever writes is refused; the process is lost with that, and the next one too. */
  isDiskFull: boolean;
}

export interface SimRouter {
  readonly name: string;
  process: SimProcess | undefined;
  engine: ClusterEngine | undefined;
}

export interface Stage {
  readonly world: SeededWorld;
  readonly network: MemoryNetwork;
  /** Those of the map. */
  readonly shards: readonly SimShard[];
  /** What must not have happened. */
  readonly faults: Error[];
  /** Does nothing when the process is there, or is not wanted any more. */
  startShard(index: number): void;
  killShard(index: number, death: Death): void;
  /** Ends in order, as for an upgrade; it may be killed meanwhile. */
  closeShard(index: number): Promise<void>;
  /** Everybody hears of the map some time later. */
  tellMap(): void;
}

/** Somebody who makes calls between processes go wrong. */
export interface Meddler {
  /** From then on nothing goes wrong any more. */
  isOver: boolean;
  wrap(calls: Handlers, shard: SimShard, process: SimProcess): Handlers;
}
