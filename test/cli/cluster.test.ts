import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterView, ShardView } from '../../src/model/cluster.ts';
import { FakeServer } from './fake-server.ts';
import { runCommand } from './run-command.ts';

const shard = (index: number, more: Partial<ShardView> = {}): ShardView => ({
  index,
  pid: 1_200 + index,
  address: '',
  state: 'up',
  slotCount: 512,
  slotRanges: [[index * 512, index * 512 + 511]],
  restarts: 0,
  profiles: 1_000,
  events: 20_000,
  memoryBytes: 300 * 2 ** 20,
  appliedSeq: 17,
  durableSeq: 15,
  eventsPerSecond: 1_234.4,
  lookupsPerSecond: 9.6,
  ...more,
});
const VIEW: ClusterView = {
  mode: 'cluster',
  slots: 1_024,
  epoch: 9,
  shards: [
    shard(0),
    {
      index: 1,
      pid: 0,
      address: '',
      state: 'down',
      slotCount: 512,
      slotRanges: [[512, 1_023]],
      restarts: 7,
      note: 'crash loop: ended by SIGKILL\u001b[2J',
    },
  ],
  routers: [{ pid: 1_300, state: 'up', restarts: 1, memoryBytes: 2 * 2 ** 30, queriesPerSecond: 3 }],
};

let server: FakeServer;
let accepted: number;
let view: ClusterView;
let failures: number;
beforeEach(async () => {
  server = await FakeServer.start();
  accepted = 0;
  view = VIEW;
  failures = 0;
  server.intercept = (path) => {
    if (failures > 0) {
      failures -= 1;
      return { status: 503, body: { error: { code: 'shutting_down', message: 'going down' } } };
    }
    if (path === '/v1/cluster') return { status: 200, body: view };
    if (path !== '/metrics') return undefined;
    accepted += 500;
    const page = `# HELP x y\nkith_events_accepted_total ${accepted}\nkith_profiles 2000\nkith_events 40000\nkith_log_lag{shard="0"} 2\n`;
    return { status: 200, body: page };
  };
});
afterEach(() => server.close());

/** The rows of all tables, as their cells. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('kith cluster status', () => {
  it('shows shards and routers', async () => {
    const { stdout, exitCode } = await runCommand(['cluster', 'status', '--url', server.url]);
    expect(exitCode).toBe(0);
    expect(rows(stdout)[1]).toEqual([
      '0',
      'up',
      '1200',
      '0–511',
      '1,000',
      '20,000',
      '1,234',
      '10',
      '2',
      '300 MiB',
      '0',
      '',
    ]);
    expect(stdout).toContain('crash loop: ended by SIGKILL\\u001b[2J');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain('2.0 GiB');
    expect(stdout).toContain('cluster, epoch 9, 1,024 slots');
  });

  it('--json is the answer', async () => {
    const { stdout } = await runCommand(['cluster', 'status', '--json', '--url', server.url]);
    expect(JSON.parse(stdout)).toEqual(VIEW);
  });
});

describe('kith top', () => {
  it('is one frame where there is no screen', async () => {
    const { stdout, waitsMs } = await runCommand(['top', '--url', server.url]);
    expect(waitsMs).toEqual([1_000]);
    expect(stdout).toContain('epoch 9, 1 of 2 shards up');
    expect(stdout).toContain('2,000 profiles, 40,000 events, 2.3 GiB');
    expect(stdout).toContain('events/s 1,234  lookups/s 10  queries/s 3');
    expect(stdout).not.toContain('\u001b');
  });

  it('of one process tells rates from two readings of its counters', async () => {
    view = { ...VIEW, mode: 'embedded', shards: [shard(0)], routers: [] };
    const { stdout } = await runCommand(['top', '--url', server.url]);
    // 500 more in a second and the ticks of the test's clock.
    expect(stdout).toMatch(/events\/s (499|500) {2}lookups\/s 0 {2}queries\/s 0/);
    expect(stdout).not.toContain('router');
  });

  it('--once --json is an object', async () => {
    const { stdout } = await runCommand(['top', '--once', '--json', '--url', server.url], { isScreen: true });
    const frame = JSON.parse(stdout) as Record<string, unknown>;
    expect(frame).toMatchObject({ profiles: 2_000, events: 40_000, cluster: VIEW });
    expect(Object.keys(frame['rates'] as object)).toEqual(['events', 'lookups', 'queries']);
  });

  it('draws on a screen until it is stopped, through failures, and leaves the screen as it was', async () => {
    let stop = (): void => {};
    let frames = 0;
    const { stdout, exitCode } = await runCommand(['top', '--url', server.url], {
      isScreen: true,
      onStoppable: (given) => {
        stop = given;
      },
      onStdout: (text) => {
        if (!text.includes('\u001b[H')) return;
        frames += 1;
        if (frames === 2) failures = 1;
        if (frames === 4) stop();
      },
    });
    expect(exitCode).toBe(0);
    const drawn = stdout.split('\u001b[H\u001b[J');
    expect(drawn[1]).toContain('events/s …');
    expect(drawn[2]).toContain('events/s 1,234');
    expect(drawn[3]).toContain('going down');
    expect(drawn[4]).toContain('shards up');
    expect(drawn).toHaveLength(5);
    expect(stdout.endsWith('\u001b[?1049l')).toBe(true);
  });

  it('tells when nobody answers', async () => {
    const { url } = server;
    await server.close();
    const { exitCode, stderr } = await runCommand(['top', '--url', url]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('cannot reach');
    server = await FakeServer.start();
  });
});
