/**
 * A process' end of its control link: it greets, is configured, tells and is told. When the link closes the supervisor is
 * gone, and the process ends too: that is how none is left behind, whatever ended the supervisor.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { Network } from '../link/dial.ts';
import { Peer } from '../link/peer.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorFields, type Logger } from '../runtime/logger.ts';
import type { ChildFailure, ChildStats, Suspects } from './child.ts';
import { type ChildConfig, CONTROL_MESSAGE_BYTES_MAX, type Greeting, suspectsOf } from './control-protocol.ts';

export interface ControlLinkOptions {
  readonly address: string;
  readonly greeting: Greeting;
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
}

const GREETING_MS = 30_000;
const FAILED_MS = 5_000;
const VIEW_MS = 5_000;

export class ControlLink {
  readonly config: ChildConfig;
  /** The supervisor wants this process to end in order. */
  readonly stopAsked: Promise<void>;
  /** The supervisor is gone. */
  readonly closed: Promise<void>;
  readonly #peer: Peer;
  readonly #inbox: Inbox;

  private constructor(peer: Peer, config: ChildConfig, inbox: Inbox) {
    this.#peer = peer;
    this.config = config;
    this.#inbox = inbox;
    this.stopAsked = inbox.stopAsked;
    this.closed = peer.closed;
    if (inbox.map === undefined || inbox.map.epoch < config.map.epoch) inbox.map = config.map;
  }

  /** Errors: shard_unavailable when nobody answers; what the supervisor refuses with. */
  static async join({ address, greeting, network, clock, logger }: ControlLinkOptions): Promise<ControlLink> {
    const inbox = new Inbox();
    const peer = new Peer(await network.dial(address), {
      clock,
      name: 'the supervisor',
      maxMessageBytes: CONTROL_MESSAGE_BYTES_MAX,
      onFault: (error, method) => logger.error('a control message fails', { method, ...errorFields(error) }),
      handlers: {
        map: (args) => inbox.takeMap(args as ClusterMap),
        suspects: (args) => inbox.suspectsHandler(suspectsOf(args)),
        stop: () => inbox.resolveStop(),
      },
    });
    try {
      const config = await peer.call<ChildConfig>('hello', greeting, { timeoutMs: GREETING_MS });
      return new ControlLink(peer, config, inbox);
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  /** The newest. */
  get map(): ClusterMap {
    return this.#inbox.map ?? this.config.map;
  }

  /** One handler; called at once when a map came since the configuration. */
  onMap(handler: (map: ClusterMap) => void): void {
    this.#inbox.mapHandler = handler;
    if (this.map.epoch > this.config.map.epoch) handler(this.map);
  }

  onSuspects(handler: (suspects: Suspects) => void): void {
    this.#inbox.suspectsHandler = handler;
  }

  serving(door: string): void {
    this.#tell('serving', { door });
  }

  stats(stats: ChildStats): void {
    this.#tell('stats', stats);
  }

  suspects(suspects: Suspects): void {
    this.#tell('suspects', suspects);
  }

  leave(): void {
    this.#tell('leave', undefined);
  }

  /** Resolves when it has arrived, or cannot. */
  async failed(failure: ChildFailure): Promise<void> {
    await this.#peer.call('failed', failure, { timeoutMs: FAILED_MS }).catch(() => undefined);
  }

  view(): Promise<ClusterView> {
    return this.#peer.call<ClusterView>('view', undefined, { timeoutMs: VIEW_MS });
  }

  /** Nothing to tell any more; the process ends. */
  close(): void {
    this.#peer.close();
  }

  /** To a supervisor that is gone nothing can be told; that it is gone shows by `closed`. */
  #tell(method: string, args: unknown): void {
    if (!this.#peer.isClosed) this.#peer.notify(method, args);
  }
}

/** What the supervisor said, also before anybody listens. */
class Inbox {
  map: ClusterMap | undefined;
  mapHandler: (map: ClusterMap) => void = () => {};
  suspectsHandler: (suspects: Suspects) => void = () => {};
  resolveStop: () => void = () => {};
  readonly stopAsked: Promise<void>;

  constructor() {
    this.stopAsked = new Promise((resolve) => {
      this.resolveStop = resolve;
    });
  }

  takeMap(map: ClusterMap): void {
    if (this.map !== undefined && this.map.epoch >= map.epoch) return;
    this.map = map;
    this.mapHandler(map);
  }
}
