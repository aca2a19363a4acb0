/** `kith serve --cluster` as processes: what is killed comes back, what was acknowledged is there, nobody is left behind. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { xxh32 } from '../../src/base/hash.ts';
import type { ClusterView } from '../../src/model/cluster.ts';
import { runCommand } from '../cli/run-command.ts';
import { CERT, KEY } from '../unit/link/tls-identity.ts';
import { ADMIN_KEY, type Answer, KithProcess, temporaryFolder } from './kith-process.ts';

const FLAGS = ['--cluster', '--shards', '2', '--routers', '2'];
const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Looks until it is so. The pause is between two looks, not what is waited for. */
async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const endMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await delay(POLL_MS);
  }
}

/**
 * As a client does it: tries again after 503 (a router hears a moment later than the supervisor that a shard is back), and when the
 * router that had the connection has died: the next one takes it.
 */
async function call(kith: KithProcess, path: string, init: RequestInit = {}): Promise<Answer> {
  return await until(`an answer to ${path}`, async () => {
    try {
      const answer = await kith.call(path, init);
      return answer.status === 503 ? undefined : answer;
    } catch {
      return undefined;
    }
  });
}

async function viewOf(kith: KithProcess): Promise<ClusterView> {
  const { status, json, text } = await call(kith, '/v1/cluster');
  if (status !== 200) throw new Error(text);
  return json as ClusterView;
}

const pidsOf = ({ shards, routers }: ClusterView): number[] => [...shards, ...routers].map(({ pid }) => pid);
const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

/** All serve, and who was killed has been replaced. */
async function whole(kith: KithProcess, killed?: number): Promise<ClusterView> {
  return await until('all processes serve', async () => {
    const view = await viewOf(kith);
    const isUp = [...view.shards, ...view.routers].every(({ state, pid }) => state === 'up' && pid !== killed);
    return isUp ? view : undefined;
  });
}

/** By the slot of the user id. */
function shardOf(userId: string, view: ClusterView): number {
  const bytes = Buffer.from(userId);
  const slot = xxh32(bytes, 0, bytes.length, 0) & 1_023;
  const owner = view.shards.find(({ slotRanges }) => slotRanges.some(([from, to]) => slot >= from && slot <= to));
  return owner?.index ?? -1;
}

let serial = 0;
const track = (userId: string): Record<string, unknown> => {
  serial += 1;
  return { type: 'track', userId, event: 'Seen', messageId: `m${serial}`, properties: { serial } };
};

async function send(kith: KithProcess, items: readonly unknown[]): Promise<Answer> {
  return await kith.post('/v1/import', { batch: items });
}

async function count(kith: KithProcess, where: string): Promise<number> {
  const body = JSON.stringify({ where, as: 'count' });
  const { status, json, text } = await call(kith, '/v1/query', { method: 'POST', body });
  if (status !== 200) throw new Error(text);
  return (json as { count: number }).count;
}

describe('a cluster', () => {
  let kith: KithProcess;
  let data: string;
  beforeAll(async () => {
    data = temporaryFolder(true);
    kith = await KithProcess.start({ data, flags: FLAGS, isShared: true });
  });

  it('answers as one', async () => {
    const users = Array.from({ length: 40 }, (_, i) => `first-${i}`);
    const traits = users.map((userId, i) => ({ type: 'identify', userId, messageId: `i${i}`, traits: { rank: i } }));
    const answer = await send(kith, [...traits, ...users.map(track)]);
    expect([answer.status, answer.json]).toMatchObject([200, { accepted: 80, rejected: [] }]);
    const view = await whole(kith);
    expect(view.shards.map(({ slotRanges }) => slotRanges)).toEqual([[[0, 511]], [[512, 1_023]]]);
    expect(new Set(users.map((user) => shardOf(user, view)))).toEqual(new Set([0, 1]));
    for (const userId of users.slice(0, 8)) {
      const { status, json } = await kith.call(`/v1/profiles/${userId}`);
      expect([status, json]).toMatchObject([200, { id: userId }]);
    }
    expect(await count(kith, 'did "Seen"')).toBe(40);
    expect(await count(kith, 'rank >= 30')).toBe(10);
    expect((await kith.call('/ready')).status).toBe(200);
    // Nobody can read keys from another process' arguments.
    for (const pid of pidsOf(view)) expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(ADMIN_KEY);
  });

  it('is shown by kith cluster status and kith top', async () => {
    const connection = ['--url', kith.url, '--key', ADMIN_KEY];
    const status = await runCommand(['cluster', 'status', ...connection]);
    expect(status.stdout).toMatch(/│ +1 │ up/);
    expect(status.stdout).toContain('512–1023');
    const top = await runCommand(['top', ...connection], { isRealTime: true });
    expect(top.stdout).toContain('2 of 2 shards up');
    expect(top.stdout).toMatch(/events\/s [\d,]+ {2}lookups\/s/);
  });

  it('a shard that is killed under load is started again with all that was acknowledged', async () => {
    const view = await whole(kith);
    const victim = view.shards[1];
    const users = Array.from({ length: 64 }, (_, i) => `load-${i}`);
    const [lost, kept] = [1, 0].map((index) => users.filter((user) => shardOf(user, view) === index));
    expect((await send(kith, users.map(track))).status).toBe(200);
    const acknowledged = new Map<string, number>(users.map((user) => [user, 1]));
    const refused: Answer[] = [];
    let isOver = false;
    const load = async (mine: readonly string[]): Promise<void> => {
      for (let i = 0; !isOver; i += 1) {
        const userId = mine[i % mine.length] as string;
        const answer = await send(kith, [track(userId)]);
        if (answer.status === 200) acknowledged.set(userId, (acknowledged.get(userId) ?? 0) + 1);
        else refused.push(answer);
      }
    };
    const total = (): number => [...acknowledged.values()].reduce((sum, one) => sum + one, 0);
    const loads = [load(lost as string[]), load(kept as string[])];
    try {
      await until('the load runs', () => (total() > users.length + 50 ? true : undefined));
      process.kill(victim?.pid as number, 'SIGKILL');
      const gone = await until('its slots answer 503', async () => {
        const answer = await kith.call(`/v1/profiles/${lost?.[0]}`);
        return answer.status === 200 ? undefined : answer;
      });
      expect([gone.status, gone.json]).toMatchObject([503, { error: { code: 'shard_unavailable' } }]);
      expect(Number(gone.headers.get('retry-after'))).toBeGreaterThan(0);
      const others = await kith.call(`/v1/profiles/${kept?.[0]}`);
      expect(others.status).toBe(200);
      const after = await whole(kith, victim?.pid);
      expect(after.shards.map(({ restarts }) => restarts)).toEqual([0, 1]);
      expect(after.epoch).toBeGreaterThan(view.epoch);
      const before = total();
      await until('the load runs again', () => (total() > before + 50 ? true : undefined));
    } finally {
      isOver = true;
      await Promise.allSettled(loads);
    }
    await Promise.all(loads);
    for (const answer of refused) {
      expect([503, 504]).toContain(answer.status);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    for (const [userId, least] of acknowledged) {
      const { status, json } = await call(kith, `/v1/profiles/${userId}`);
      expect([userId, status]).toEqual([userId, 200]);
      // One that was refused may have been applied all the same: at least what was acknowledged is there.
      expect((json as { counts: { Seen: number } }).counts.Seen, userId).toBeGreaterThanOrEqual(least);
    }
  });

  it('a router that is killed takes only its connections along', async () => {
    const view = await whole(kith);
    const pid = view.routers[0]?.pid as number;
    process.kill(pid, 'SIGKILL');
    const after = await whole(kith, pid);
    expect(after.routers.map(({ restarts }) => restarts)).toEqual([1, 0]);
    expect(after.shards.map((shard) => shard.pid)).toEqual(view.shards.map((shard) => shard.pid));
    expect((await call(kith, '/v1/profiles/first-1')).status).toBe(200);
  });

  it('a process that is asked to end by a signal ends in order, and another takes its place', async () => {
    const view = await whole(kith);
    const shard = view.shards[0];
    process.kill(shard?.pid as number, 'SIGTERM');
    const after = await whole(kith, shard?.pid);
    expect(after.shards[0]?.restarts).toBe((shard?.restarts ?? 0) + 1);
    expect(await count(kith, 'rank >= 30')).toBe(10);
  });

  it('its folder and its port are its own', async () => {
    const second = KithProcess.spawn({ data, flags: FLAGS });
    expect((await second.ended).code).toBe(1);
    expect(second.stderr).toContain(`in use by process ${kith.pid}`);
    const port = new URL(kith.url).port;
    const other = KithProcess.spawn({ data: temporaryFolder(), flags: [...FLAGS, '--port', port] });
    expect((await other.ended).code).toBe(1);
    expect(other.stderr).toContain('the port is taken');
    expect((await whole(kith)).shards).toHaveLength(2);
  });

  it('leaves nobody behind when its supervisor is killed, and starts again over what that left', async () => {
    const pids = pidsOf(await whole(kith));
    await kith.kill();
    await until('no process is left', () => (pids.some(isThere) ? undefined : true));
    expect(existsSync(join(data, 'lock'))).toBe(true);
    kith = await KithProcess.start({ data, flags: FLAGS, isShared: true });
    expect(await count(kith, 'rank >= 30')).toBe(10);
    const fresh = await whole(kith);
    expect(fresh.shards.map(({ restarts }) => restarts)).toEqual([0, 0]);
  });

  it('stops in order by SIGTERM and has everything at the next start', async () => {
    const pids = pidsOf(await whole(kith));
    const hash = await kith.stateHash();
    expect((await send(kith, [track('last')])).status).toBe(200);
    expect(await kith.stop()).toEqual({ code: 0, signal: null });
    expect(pids.filter(isThere)).toEqual([]);
    expect(existsSync(join(data, 'lock'))).toBe(false);
    const embedded = KithProcess.spawn({ data });
    expect((await embedded.ended).code).toBe(1);
    expect(embedded.stderr).toContain('was made by kith serve --cluster');
    const fewer = KithProcess.spawn({ data, flags: ['--cluster', '--shards', '1'] });
    expect((await fewer.ended).code).toBe(1);
    expect(fewer.stderr).toContain('has 2 shard(s)');
    kith = await KithProcess.start({ data, flags: [...FLAGS, '--shard-doors', 'off'], isShared: true });
    expect((await call(kith, '/v1/profiles/last')).status).toBe(200);
    expect(await kith.stateHash()).not.toBe(hash);
    expect((await viewOf(kith)).shards.map(({ address }) => address)).toEqual(['', '']);
  });
});

describe('links by TLS', () => {
  it('carry what Unix sockets carry', async () => {
    const folder = temporaryFolder();
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    writeFileSync(cert, CERT);
    writeFileSync(key, KEY);
    const links = ['--links', `tls:127.0.0.1:${await freePort()}`];
    const files = ['--link-cert', cert, '--link-key', key, '--link-ca', cert];
    const flags = ['--cluster', '--shards', '1', '--routers', '1', ...links, ...files];
    const kith = await KithProcess.start({ data: join(folder, 'data'), flags });
    expect((await send(kith, [track('tls')])).status).toBe(200);
    expect((await kith.call('/v1/profiles/tls')).json).toMatchObject({ id: 'tls' });
    expect((await kith.stop()).code).toBe(0);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe('a start that cannot be', () => {
  it.each([
    [['--tls-cert', '/nonexistent.pem', '--tls-key', '/nonexistent.pem'], 'TLS cannot start'],
    [['--links', 'tls:127.0.0.1:7400'], 'links by TLS need linkCert, linkKey and linkCa'],
    [['--links', 'tcp:127.0.0.1:7400'], 'links must be unix or tls:HOST:PORT'],
    [['--data', ':memory:'], 'must not be :memory:'],
  ])('%j is told, and nothing is left', async (flags, message) => {
    const kith = KithProcess.spawn({ data: temporaryFolder(), flags: ['--cluster', ...flags] });
    expect((await kith.ended).code).toBe(1);
    expect(kith.stderr).toContain(message);
  });
});
