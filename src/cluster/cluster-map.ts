/** Which shard has which slots, and where shards are. Made by the supervisor; everyone else is told. A map with a higher epoch replaces one with a lower. */

export interface ShardEntry {
  readonly index: number;
  /** Where other processes of the cluster reach it, such as `unix:/…/shard-0.sock`. */
  readonly address: string;
  /** URL of its own door for clients; '' = none. */
  readonly door: string;
  /** 0 = no process. */
  readonly pid: number;
  readonly state: 'starting' | 'up' | 'down' | 'stopping';
  readonly restarts: number;
}

export interface ClusterMap {
  readonly epoch: number;
  /** Of every shard's hash tables, and of message ids: what moves between shards is looked up by the same hashes. */
  readonly hashSeed: number;
  readonly shards: readonly ShardEntry[];
  /** Index of the shard, by slot. */
  readonly slotOwners: readonly number[];
}
