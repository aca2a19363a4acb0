/**
 * The supervisor's calls to shards: a link a shard, kept from one call to the next and made anew when it was lost, for a call while slots are frozen should
 * not wait for a handshake.
 */
import type { Network } from '../link/dial.ts';
import { Peer } from '../link/peer.ts';
import type { Clock } from '../runtime/clock.ts';

export class ShardCalls {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #peers = new Map<string, Peer>();

  constructor(network: Network, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  /** Errors: shard_unavailable and what else the call ends with. */
  async call(address: string, method: string, args: unknown): Promise<unknown> {
    const peer = await this.#peerOf(address);
    return await peer.call(method, args);
  }

  async #peerOf(address: string): Promise<Peer> {
    const known = this.#peers.get(address);
    if (known !== undefined && !known.isClosed) return known;
    const peer = new Peer(await this.#network.dial(address), { handlers: {}, clock: this.#clock, name: address });
    try {
      await peer.ready;
    } catch (error) {
      peer.close();
      throw error;
    }
    // Another call may have made one meanwhile; the last is kept.
    this.#peers.get(address)?.close();
    this.#peers.set(address, peer);
    return peer;
  }

  close(): void {
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
  }
}
