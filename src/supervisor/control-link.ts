/**
 * A process' end of its control link: it greets, is configured, tells and is told. When the link closes the supervisor is
 * gone, and the process ends too: that is how none is left behind, whatever ended the supervisor.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { CourtAccess, QuarantineNews, Standing } from '../cluster/quarantine.ts';
import type { Network } from '../link/dial.ts';
import { Peer } from '../link/peer.ts';
import type { ClusterView } from '../model/cluster.ts';
import type { QuarantineDesk, QuarantineEntry } from '../model/quarantine.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorFields, type Logger } from '../runtime/logger.ts';
import type { ChildFailure, ChildStats } from './child.ts';
import { type ChildConfig, CONTROL_MESSAGE_BYTES_MAX, type Greeting } from './control-protocol.ts';

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
/** Until the trials before it are over. */
const TRIAL_MS = 60_000;

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
        quarantine: (args) => inbox.takeNews(args as QuarantineNews),
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

  /** One handler; called at once with what was known at the configuration and what came since. */
  onQuarantine(handler: (news: QuarantineNews) => void): void {
    handler(this.config.quarantine);
    for (const news of this.#inbox.news.splice(0)) handler(news);
    this.#inbox.newsHandler = handler;
  }

  serving(door: string): void {
    this.#tell('serving', { door });
  }

  stats(stats: ChildStats): void {
    this.#tell('stats', stats);
  }

  /** The supervisor judges. */
  get court(): CourtAccess {
    return {
      report: (shard, hashes) => this.#tell('suspects', { shard, hashes }),
      begin: (shard, hash, exhibit) =>
        this.#peer.call<Standing>('trial', { shard, hash, exhibit }, { timeoutMs: TRIAL_MS }),
      end: (trial) => this.#tell('trial_end', trial),
    };
  }

  get quarantine(): QuarantineDesk {
    return {
      list: () => this.#peer.call<readonly QuarantineEntry[]>('quarantine_list', null, { timeoutMs: VIEW_MS }),
      release: async (hash) => {
        await this.#peer.call('quarantine_release', { hash }, { timeoutMs: VIEW_MS });
      },
    };
  }

  rebalance(shards: number): Promise<ClusterView> {
    return this.#peer.call<ClusterView>('rebalance', { shards }, { timeoutMs: VIEW_MS });
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
  /** Before anybody listened: while the process opens what it is about. */
  readonly news: QuarantineNews[] = [];
  newsHandler: ((news: QuarantineNews) => void) | undefined;
  resolveStop: () => void = () => {};
  readonly stopAsked: Promise<void>;

  constructor() {
    this.stopAsked = new Promise((resolve) => {
      this.resolveStop = resolve;
    });
  }

  takeNews(news: QuarantineNews): void {
    if (this.newsHandler === undefined) this.news.push(news);
    else this.newsHandler(news);
  }

  takeMap(map: ClusterMap): void {
    if (this.map !== undefined && this.map.epoch >= map.epoch) return;
    this.map = map;
    this.mapHandler(map);
  }
}
