/**
 * `kith top`: what the cluster does, each second anew. What processes do comes from `/v1/cluster`, how much there is from `/metrics`. On a screen it draws until it is stopped, through failures too; else one frame.
 */
import type { ClusterView } from '../model/cluster.ts';
import type { Client } from './client.ts';
import { memoryText, routerTable, shardTable } from './cluster-text.ts';
import { formatError } from './error-report.ts';
import { seriesSums } from './metrics-text.ts';
import { formatCount } from './progress.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

export interface TopOptions {
  readonly once?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** One reading. */
interface Reading {
  readonly atMs: number;
  readonly view: ClusterView;
  readonly sums: ReadonlyMap<string, number>;
}

/** Over all shards, per second. */
export interface TopRates {
  readonly events: number;
  readonly lookups: number;
  readonly queries: number;
}

const INTERVAL_MS = 1_000;
/** Another screen, which leaves the one with the commands as it was; and back. */
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const DRAW_ANEW = '\u001b[H\u001b[J';

export async function runTop(options: TopOptions, client: Client, terminal: Terminal): Promise<void> {
  if (options.once || !terminal.isScreen) {
    const before = await read(client, terminal);
    await terminal.sleep(INTERVAL_MS);
    const frame = frameOf(await read(client, terminal), before);
    await write(terminal.stdout, options.json ? `${JSON.stringify(frame)}\n` : frameText(frame, client.url));
    return;
  }
  let isStopped = false;
  const unsubscribe = terminal.onStop(() => {
    isStopped = true;
  });
  if (!options.json) await write(terminal.stdout, ENTER_SCREEN);
  try {
    let before: Reading | undefined;
    while (!isStopped) {
      let text: string;
      try {
        const reading = await read(client, terminal);
        const frame = frameOf(reading, before);
        before = reading;
        text = options.json ? `${JSON.stringify(frame)}\n` : frameText(frame, client.url);
      } catch (error) {
        // A router died, or all did: who watches wants to see them come back.
        text = formatError(error, colorsOf(terminal));
      }
      if (!isStopped) await write(terminal.stdout, options.json ? text : DRAW_ANEW + text);
      await terminal.sleep(INTERVAL_MS);
    }
  } finally {
    unsubscribe();
    if (!options.json) await write(terminal.stdout, LEAVE_SCREEN);
  }
}

async function read(client: Client, terminal: Terminal): Promise<Reading> {
  const [view, page] = await Promise.all([
    client.sendJson<ClusterView>('/v1/cluster'),
    client.send('/metrics').then((response) => response.text()),
  ]);
  return { atMs: terminal.nowMs(), view, sums: seriesSums(page) };
}

interface Frame {
  readonly at: string;
  readonly profiles: number;
  readonly events: number;
  /** Null until there are two readings. */
  readonly rates: TopRates | null;
  readonly memoryBytes: number;
  readonly cluster: ClusterView;
}

function frameOf(reading: Reading, before: Reading | undefined): Frame {
  const { atMs, view, sums } = reading;
  const processes = [...view.shards, ...view.routers];
  const known = processes.flatMap(({ memoryBytes }) => (memoryBytes === undefined ? [] : [memoryBytes]));
  return {
    at: new Date(atMs).toISOString(),
    profiles: sums.get('kith_profiles') ?? 0,
    events: sums.get('kith_events') ?? 0,
    rates: before === undefined ? null : ratesOf(reading, before),
    memoryBytes:
      view.mode === 'cluster'
        ? known.reduce((sum, one) => sum + one, 0)
        : (sums.get('kith_process_resident_memory_bytes') ?? 0),
    cluster: view,
  };
}

/**
 * Of a cluster the sums of what its processes tell: two readings of `/metrics` may come from two routers, and each counts
 * its own. Of one process from its counters; one that fell began anew.
 */
function ratesOf(now: Reading, before: Reading): TopRates {
  const { mode, shards, routers } = now.view;
  if (mode === 'cluster') {
    return {
      events: sumOf(shards.map(({ eventsPerSecond }) => eventsPerSecond)),
      lookups: sumOf(shards.map(({ lookupsPerSecond }) => lookupsPerSecond)),
      queries: sumOf(routers.map(({ queriesPerSecond }) => queriesPerSecond)),
    };
  }
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  const rate = (name: string): number =>
    Math.max(0, (now.sums.get(name) ?? 0) - (before.sums.get(name) ?? 0)) / seconds;
  return {
    events: rate('kith_events_accepted_total'),
    lookups: rate('kith_lookups_total'),
    queries: rate('kith_queries_total'),
  };
}

function sumOf(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

function frameText(frame: Frame, url: string): string {
  const { cluster, rates } = frame;
  const up = cluster.shards.filter(({ state }) => state === 'up').length;
  const rate = (value: number | undefined): string => (value === undefined ? '…' : formatCount(Math.round(value)));
  const lines = [
    `kith top  ${url}  ${frame.at.slice(11, 19)}  epoch ${cluster.epoch}, ${up} of ${cluster.shards.length} shards up`,
    `${formatCount(frame.profiles)} profiles, ${formatCount(frame.events)} events, ${memoryText(frame.memoryBytes)}`,
    `events/s ${rate(rates?.events)}  lookups/s ${rate(rates?.lookups)}  queries/s ${rate(rates?.queries)}`,
    '',
  ];
  const tables = shardTable(cluster.shards) + (cluster.routers.length > 0 ? routerTable(cluster.routers) : '');
  return `${lines.join('\n')}${tables}`;
}
