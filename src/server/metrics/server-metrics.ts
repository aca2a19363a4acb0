/**
 * The metrics page. Counters live where the work is done (the engine's stats, the route meters, the few numbers here) and
 * become Prometheus series only when scraped, so counting costs the hot paths an increment and nothing more.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Engine, EngineStats } from '../../engine/engine.ts';
import { RouteMeter } from './route-meter.ts';

const LATENCY = 'kith_http_request_duration_seconds';

export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #meters: RouteMeter[] = [];
  readonly #refusedByCode = new Map<string, number>();
  readonly #streamClosedByReason = new Map<string, number>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 20 });
  readonly #engine: Engine;
  #stats: EngineStats | undefined;
  connections = 0;
  connectionsRefused = 0;
  streamSessions = 0;
  streamFramesIn = 0;
  streamFramesOut = 0;

  constructor(engine: Engine, inFlight: { readonly inFlight: number }) {
    this.#engine = engine;
    this.#loopDelay.enable();
    this.#defineEngineSeries();
    this.#defineDoorSeries(inFlight);
  }

  meter(route: string): RouteMeter {
    const meter = new RouteMeter(route);
    this.#meters.push(meter);
    return meter;
  }

  /** A request or frame that the door itself refused, by error code. */
  countRefused(code: string): void {
    this.#refusedByCode.set(code, (this.#refusedByCode.get(code) ?? 0) + 1);
  }

  countStreamClosed(reason: string): void {
    this.#streamClosedByReason.set(reason, (this.#streamClosedByReason.get(reason) ?? 0) + 1);
  }

  async render(): Promise<string> {
    this.#stats = this.#engine.stats();
    const text = await this.#registry.metrics();
    const histogram = this.#meters.map((meter) => meter.histogramLines(LATENCY)).join('');
    return `${text}\n# HELP ${LATENCY} Time from the request's head to the end of the answer, by route.\n# TYPE ${LATENCY} histogram\n${histogram}`;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  close(): void {
    this.#loopDelay.disable();
    this.#registry.clear();
  }

  #defineEngineSeries(): void {
    this.#counter('kith_events_accepted_total', 'Items accepted, duplicates included.', (s) => s.accepted);
    this.#counter(
      'kith_events_duplicate_total',
      'Items seen before inside the window and so already stored.',
      (s) => s.duplicates,
    );
    this.#counters('kith_events_rejected_total', 'Items refused, by error code.', 'code', (s) =>
      Object.entries(s.rejectedByCode),
    );
    this.#counters('kith_dropped_total', 'Other things not done, by reason.', 'reason', (s) =>
      Object.entries(s.droppedByReason),
    );
    this.#counter('kith_lookups_total', 'Profile lookups.', (s) => s.lookups);
    this.#counter('kith_lookup_misses_total', 'Lookups of unknown identifiers.', (s) => s.lookupMisses);
    this.#counter('kith_queries_total', 'Queries answered or failed.', (s) => s.queries);
    this.#counter('kith_query_errors_total', 'Queries that failed.', (s) => s.queryErrors);
    this.#gauge('kith_ready', '1 when the engine serves.', (s) => (s.isReady ? 1 : 0));
    this.#gauge('kith_profiles', 'Profiles in memory.', (s) => s.profiles);
    this.#gauge('kith_events', 'Events in memory.', (s) => s.events);
    this.#gauge('kith_queued_items', 'Items accepted by the door and not yet applied.', (s) => s.queuedItems);
    this.#gauge('kith_memory_limit_bytes', 'Past it ingest is refused.', (s) => s.memoryLimitBytes);
    this.#gauges('kith_memory_bytes', 'Memory by part.', 'part', (s) => Object.entries(s.memoryBytes));
    const perShard = (read: (shard: EngineStats['shards'][number]) => number) => (s: EngineStats) =>
      s.shards.map((shard, index) => [String(index), read(shard)] as const);
    this.#gauges(
      'kith_log_lag',
      'Commands applied and not yet durable, by shard.',
      'shard',
      perShard((s) => s.appliedSeq - s.durableSeq),
    );
    this.#gauges(
      'kith_checkpoint_lag',
      'Commands that a restart would replay, by shard.',
      'shard',
      perShard((s) => s.appliedSeq - s.checkpointSeq),
    );
    this.#gauges(
      'kith_applied_seq',
      'Last command applied, by shard.',
      'shard',
      perShard((s) => s.appliedSeq),
    );
    this.#gauges(
      'kith_log_bytes',
      'Event log on disk, by shard.',
      'shard',
      perShard((s) => s.logBytes),
    );
    this.#gauges(
      'kith_shard_profiles',
      'Profiles, by shard.',
      'shard',
      perShard((s) => s.profiles),
    );
    this.#gauges(
      'kith_shard_events',
      'Events, by shard.',
      'shard',
      perShard((s) => s.events),
    );
  }

  #defineDoorSeries(inFlight: { readonly inFlight: number }): void {
    this.#counters('kith_refused_total', 'Requests and frames refused at the door, by error code.', 'code', () => [
      ...this.#refusedByCode,
    ]);
    this.#counters(
      'kith_stream_closed_total',
      'WebSocket connections closed by the server, by reason.',
      'reason',
      () => [...this.#streamClosedByReason],
    );
    this.#counter(
      'kith_connections_refused_total',
      'Connections closed at once: too many were open.',
      () => this.connectionsRefused,
    );
    this.#counter('kith_stream_frames_in_total', 'WebSocket frames received.', () => this.streamFramesIn);
    this.#counter('kith_stream_frames_out_total', 'WebSocket frames sent.', () => this.streamFramesOut);
    this.#gauge('kith_connections', 'Open connections.', () => this.connections);
    this.#gauge('kith_stream_sessions', 'Open WebSocket connections.', () => this.streamSessions);
    this.#gauge('kith_requests_in_flight', 'Requests and frames under way.', () => inFlight.inFlight);
    this.#gauge('kith_process_resident_memory_bytes', 'Resident set.', () => process.memoryUsage.rss());
    this.#gauge('kith_process_heap_used_bytes', 'JavaScript heap in use.', () => process.memoryUsage().heapUsed);
    this.#counter('kith_process_cpu_seconds_total', 'Processor time, user and system.', () => cpuSeconds());
    this.#gauge('kith_event_loop_delay_p99_seconds', 'How late timers ran since the last scrape.', () => {
      const seconds = this.#loopDelay.percentile(99) / 1e9;
      this.#loopDelay.reset();
      return seconds;
    });
    const responses = new Counter({
      name: 'kith_http_responses_total',
      help: 'Answers, by route and status (499: the client left).',
      labelNames: ['route', 'status'],
      registers: [this.#registry],
      collect: () => {
        responses.reset();
        for (const meter of this.#meters) {
          for (const [status, count] of meter.statuses())
            responses.inc({ route: meter.route, status: String(status) }, count);
        }
      },
    });
  }

  #counter(name: string, help: string, read: (stats: EngineStats) => number): void {
    const counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        counter.inc(read(this.#currentStats()));
      },
    });
  }

  #gauge(name: string, help: string, read: (stats: EngineStats) => number): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        gauge.set(read(this.#currentStats()));
      },
    });
  }

  #counters(
    name: string,
    help: string,
    label: string,
    read: (stats: EngineStats) => readonly (readonly [string, number])[],
  ): void {
    const counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        for (const [value, count] of read(this.#currentStats())) counter.inc({ [label]: value }, count);
      },
    });
  }

  #gauges(
    name: string,
    help: string,
    label: string,
    read: (stats: EngineStats) => readonly (readonly [string, number])[],
  ): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        for (const [value, amount] of read(this.#currentStats())) gauge.set({ [label]: value }, amount);
      },
    });
  }

  /** One reading for a whole page, so that its numbers belong together. */
  #currentStats(): EngineStats {
    this.#stats ??= this.#engine.stats();
    return this.#stats;
  }
}

function cpuSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}
