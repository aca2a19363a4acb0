/**
 * The metrics page. Counters live where the work is done (the engine's stats, the route meters, the few numbers here)
 * and become Prometheus series only when scraped, so counting costs the hot paths an increment and nothing more.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Gateway } from '../../engine/gateway.ts';
import { clusterLines } from './cluster-series.ts';
import { defineEngineSeries } from './engine-series.ts';
import { RouteMeter } from './route-meter.ts';
import { SeriesPage } from './series-page.ts';

const LATENCY = 'kith_http_request_duration_seconds';

export class ServerMetrics {
  readonly #engine: Pick<Gateway, 'stats' | 'cluster'>;
  readonly #page: SeriesPage;
  readonly #meters: RouteMeter[] = [];
  readonly #refusedByCode = new Map<string, number>();
  readonly #streamClosedByReason = new Map<string, number>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 20 });
  connections = 0;
  connectionsRefused = 0;
  streamSessions = 0;
  streamFramesIn = 0;
  streamFramesOut = 0;

  constructor(engine: Pick<Gateway, 'stats' | 'cluster'>, inFlight: { readonly inFlight: number }) {
    this.#engine = engine;
    this.#loopDelay.enable();
    this.#page = new SeriesPage(() => engine.stats());
    defineEngineSeries(this.#page);
    this.#defineDoorSeries(this.#page, inFlight);
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
    const text = await this.#page.render();
    const histogram = this.#meters.map((meter) => meter.histogramLines(LATENCY)).join('');
    const cluster = await clusterLines(() => this.#engine.cluster());
    return `${text}\n${cluster}# HELP ${LATENCY} Time from the request's head to the end of the answer, by route.\n# TYPE ${LATENCY} histogram\n${histogram}`;
  }

  get contentType(): string {
    return this.#page.contentType;
  }

  close(): void {
    this.#loopDelay.disable();
    this.#page.clear();
  }

  #defineDoorSeries(page: SeriesPage, inFlight: { readonly inFlight: number }): void {
    page.labelled(
      'counter',
      'kith_refused_total',
      'Requests and frames refused at the door, by error code.',
      ['code'],
      () => [...this.#refusedByCode],
    );
    page.labelled(
      'counter',
      'kith_stream_closed_total',
      'WebSocket connections closed by the server, by reason.',
      ['reason'],
      () => [...this.#streamClosedByReason],
    );
    page.single(
      'counter',
      'kith_connections_refused_total',
      'Connections closed at once: too many were open.',
      () => this.connectionsRefused,
    );
    page.single('counter', 'kith_stream_frames_in_total', 'WebSocket frames received.', () => this.streamFramesIn);
    page.single('counter', 'kith_stream_frames_out_total', 'WebSocket frames sent.', () => this.streamFramesOut);
    page.single('gauge', 'kith_connections', 'Open connections.', () => this.connections);
    page.single('gauge', 'kith_stream_sessions', 'Open WebSocket connections.', () => this.streamSessions);
    page.single('gauge', 'kith_requests_in_flight', 'Requests and frames under way.', () => inFlight.inFlight);
    page.single('gauge', 'kith_process_resident_memory_bytes', 'Resident set.', () => process.memoryUsage.rss());
    page.single(
      'gauge',
      'kith_process_heap_used_bytes',
      'JavaScript heap in use.',
      () => process.memoryUsage().heapUsed,
    );
    page.single('counter', 'kith_process_cpu_seconds_total', 'Processor time, user and system.', () => cpuSeconds());
    page.single('gauge', 'kith_event_loop_delay_p99_seconds', 'How late timers ran since the last scrape.', () => {
      const seconds = this.#loopDelay.percentile(99) / 1e9;
      this.#loopDelay.reset();
      return seconds;
    });
    page.labelled(
      'counter',
      'kith_http_responses_total',
      'Answers, by route and status (499: the client left).',
      ['route', 'status'],
      () =>
        this.#meters.flatMap((meter) =>
          meter.statuses().map(([status, count]) => [[meter.route, String(status)], count] as const),
        ),
    );
  }
}

function cpuSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}
