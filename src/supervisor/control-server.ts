/**
 * The supervisor's end of the control links: a Unix socket that only its own processes are let in by, each by the token
 * that was made for it. Who says something else, or nothing for a while, is hung up on.
 */
import type { QuarantineRecord } from '../cluster/quarantine.ts';
import type { QuarantineCourt } from '../cluster/quarantine-court.ts';
import type { Channel } from '../link/channel.ts';
import type { Listening, Network } from '../link/dial.ts';
import { Peer } from '../link/peer.ts';
import type { ClusterView } from '../model/cluster.ts';
import { EngineError } from '../model/error.ts';
import type { QuarantineEntry } from '../model/quarantine.ts';
import type { Clock } from '../runtime/clock.ts';
import { errorFields, type Logger } from '../runtime/logger.ts';
import type { ChildEvents, Role } from './child.ts';
import {
  type ChildConfig,
  doorOf,
  failureOf,
  greetingOf,
  hashOf,
  statsOf,
  suspectsOf,
  trialEndOf,
  trialOf,
} from './control-protocol.ts';

export interface ExpectedChild {
  readonly role: Role;
  readonly index: number;
  config(): ChildConfig;
  readonly events: ChildEvents;
  /** Before it is told that the process has greeted. */
  onPeer(peer: Peer): void;
}

export interface ControlServerOptions {
  readonly address: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly court: QuarantineCourt;
  view(): ClusterView;
  rebalance(shards: number): ClusterView;
}

const HELLO_MS = 30_000;

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #expected = new Map<string, ExpectedChild>();
  readonly #peers = new Set<Peer>();
  #listening: Listening | undefined;

  private constructor(options: ControlServerOptions) {
    this.#options = options;
  }

  /** Errors: invalid_request when the address cannot be listened on. */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    const server = new ControlServer(options);
    server.#listening = await options.network.listen(options.address, (channel) => server.#accept(channel));
    return server;
  }

  get address(): string {
    return this.#options.address;
  }

  /** From now on a process with this token is let in, once. */
  expect(token: string, child: ExpectedChild): void {
    this.#expected.set(token, child);
  }

  forget(token: string): void {
    this.#expected.delete(token);
  }

  /** Hangs up on all: processes that are still there end by that. */
  async close(): Promise<void> {
    await this.#listening?.close();
    for (const peer of this.#peers) peer.close();
  }

  #accept(channel: Channel): void {
    const { clock, logger, view, rebalance, court } = this.#options;
    let child: ExpectedChild | undefined;
    const greeted = (): ExpectedChild => {
      if (child === undefined) throw new EngineError('unauthorized', 'say hello first');
      return child;
    };
    const known = (): ChildEvents => greeted().events;
    const holder = (): string => `${greeted().role} ${greeted().index}`;
    const peer = new Peer(channel, {
      clock,
      name: 'a process of the cluster',
      maxMessageBytes: 1_048_576,
      onFault: (error, method) => logger.error('a control message fails', { method, ...errorFields(error) }),
      handlers: {
        hello: (args) => {
          if (child !== undefined) throw new EngineError('invalid_request', 'hello was said already');
          child = this.#greet(args);
          cancelHello();
          child.onPeer(peer);
          child.events.onGreeted();
          return child.config();
        },
        serving: (args) => known().onServing(doorOf(args)),
        stats: (args) => known().onStats(statsOf(args)),
        suspects: (args) => known().onSuspects(suspectsOf(args)),
        trial: (args) => {
          const by = holder();
          const { shard, hash, exhibit } = trialOf(args);
          return court.begin(by, shard, hash, exhibit);
        },
        trial_end: (args) => court.end(holder(), trialEndOf(args)),
        quarantine_list: () => {
          known();
          return court.records().map(entryOf);
        },
        quarantine_release: (args) => {
          known();
          const hash = hashOf(args);
          if (!court.release(hash))
            throw new EngineError('not_found', `nothing is quarantined as ${hash.slice(0, 100)}`);
          logger.warn('let go from the quarantine', { hash });
          return null;
        },
        rebalance: (args) => {
          known();
          return rebalance(Number((args as { shards?: unknown }).shards));
        },
        leave: () => known().onLeave(),
        failed: (args) => known().onFailed(failureOf(args)),
        view: () => {
          known();
          return view();
        },
      },
    });
    this.#peers.add(peer);
    const cancelHello = clock.after(HELLO_MS, () => peer.close());
    void peer.closed.then(() => {
      cancelHello();
      this.#peers.delete(peer);
    });
  }

  #greet(args: unknown): ExpectedChild {
    const greeting = greetingOf(args);
    const child = this.#expected.get(greeting.token);
    this.#expected.delete(greeting.token);
    if (child === undefined || child.role !== greeting.role || child.index !== greeting.index) {
      throw new EngineError('unauthorized', 'no process with this token is expected');
    }
    const { version } = this.#options;
    if (greeting.version !== version) {
      const message = `the files on disk are of version ${greeting.version} and the supervisor runs version ${version}; start the supervisor again`;
      child.events.onFailed({ code: 'version_mismatch', message });
      throw new EngineError('invalid_request', message);
    }
    return child;
  }
}

function entryOf({
  hash,
  atMs,
  shard,
  kind,
  what,
  event,
  messageId,
  bytes,
  untilMs,
}: QuarantineRecord): QuarantineEntry {
  return {
    hash,
    at: new Date(atMs).toISOString(),
    shard,
    kind,
    what,
    ...(event === undefined ? {} : { event }),
    ...(messageId === undefined ? {} : { messageId }),
    ...(bytes === undefined ? {} : { sizeBytes: bytes.length }),
    ...(untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() }),
  };
}
