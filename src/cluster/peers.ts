/** A shard process' calls to the other shards. */
import type { CallOptions } from '../link/peer.ts';

export interface Peers {
  /** Errors: shard_unavailable, deadline_exceeded, and those of the call. */
  call<T>(shard: number, method: string, args: unknown, options?: CallOptions): Promise<T>;
  /** Number of the connection to the shard and of its process, undefined while there is none. */
  session(shard: number): number | undefined;
}
