import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterMap } from '../../../src/cluster/cluster-map.ts';
import { QuarantineCourt } from '../../../src/cluster/quarantine-court.ts';
import type { Network } from '../../../src/link/dial.ts';
import { Peer } from '../../../src/link/peer.ts';
import { socketNetwork } from '../../../src/link/socket-network.ts';
import type { ClusterView } from '../../../src/model/cluster.ts';
import { DEFAULT_INGEST_LIMITS } from '../../../src/model/limits.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import type { ChildEvents } from '../../../src/supervisor/child.ts';
import { ControlLink } from '../../../src/supervisor/control-link.ts';
import type { ChildConfig, Greeting } from '../../../src/supervisor/control-protocol.ts';
import { ControlServer } from '../../../src/supervisor/control-server.ts';
import { evenSlotOwners } from '../../../src/supervisor/slot-ranges.ts';
import { NO_STATS } from './fake-world.ts';

const mapOf = (epoch: number): ClusterMap => ({ epoch, hashSeed: 3, shards: [], slotOwners: evenSlotOwners(2) });
const CONFIG: ChildConfig = {
  map: mapOf(5),
  logLevel: 'silent',
  limits: DEFAULT_INGEST_LIMITS,
  linkFiles: undefined,
  door: undefined,
  quarantine: { cleared: [], suspects: ['known'], quarantined: [] },
  engine: { data: '/nowhere', shards: 1 },
};
const VIEW: ClusterView = { mode: 'cluster', slots: 1_024, epoch: 5, shards: [], routers: [] };

let folder: string;
let address: string;
let network: Network;
let server: ControlServer;
let told: unknown[][];
let waiting: (() => void)[];
let court: QuarantineCourt;
let peer: Peer | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kith-control-'));
  address = `unix:${folder}/control.sock`;
  network = socketNetwork();
  told = [];
  waiting = [];
  peer = undefined;
  court = new QuarantineCourt({
    clock: systemClock,
    kept: [],
    onNews: () => {},
    onQuarantined: () => {},
    keep: () => {},
  });
  server = await ControlServer.listen({
    address,
    network,
    clock: systemClock,
    logger: silentLogger,
    version: '1.2.3',
    court,
    view: () => VIEW,
    rebalance: () => VIEW,
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const note =
  (name: string) =>
  (...args: unknown[]): void => {
    told.push([name, ...args]);
    for (const look of waiting) look();
  };
const events: ChildEvents = {
  onGreeted: note('greeted'),
  onServing: note('serving'),
  onStats: note('stats'),
  onSuspects: note('suspects'),
  onFailed: note('failed'),
  onLeave: note('leave'),
  onEnded: note('ended'),
};

/** Resolves when so many things were told. */
function tellings(count: number): Promise<unknown[][]> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (told.length >= count) resolve(told);
    };
    waiting.push(look);
    look();
  });
}

function expectShard(token: string): void {
  server.expect(token, {
    role: 'shard',
    index: 1,
    config: () => CONFIG,
    events,
    onPeer: (given) => {
      peer = given;
    },
  });
}

function join1(more: Partial<Greeting> = {}): Promise<ControlLink> {
  const greeting: Greeting = { role: 'shard', index: 1, pid: 77, token: 'right', version: '1.2.3', ...more };
  return ControlLink.join({ address, greeting, network, clock: systemClock, logger: silentLogger });
}

describe('a control link', () => {
  it('configures a process that says who it is, and carries what both tell', async () => {
    expectShard('right');
    const link = await join1();
    expect(link.config).toEqual(CONFIG);
    const maps: number[] = [];
    link.onMap(({ epoch }) => maps.push(epoch));
    link.onQuarantine(({ suspects }) => note('passed on')(suspects));
    link.serving('http://127.0.0.1:1');
    link.stats(NO_STATS);
    link.court.report(0, ['h']);
    link.leave();
    await link.failed({ code: 'storage_failed', message: 'full' });
    expect(told).toEqual([
      ['greeted'],
      ['passed on', ['known']],
      ['serving', 'http://127.0.0.1:1'],
      ['stats', NO_STATS],
      ['suspects', { shard: 0, hashes: ['h'] }],
      ['leave'],
      ['failed', { code: 'storage_failed', message: 'full' }],
    ]);
    for (const epoch of [7, 6, 8]) peer?.notify('map', mapOf(epoch));
    peer?.notify('quarantine', { cleared: [], suspects: ['new'], quarantined: [] });
    peer?.notify('stop', undefined);
    await link.stopAsked;
    // One that is older than what is known is of no use.
    expect(maps).toEqual([7, 8]);
    expect(link.map.epoch).toBe(8);
    expect((await tellings(8)).at(-1)).toEqual(['passed on', ['new']]);
    expect(await link.view()).toEqual(VIEW);
    link.close();
  });

  it('lets suspects be tried, and shows what is quarantined', async () => {
    expectShard('right');
    const link = await join1();
    expect(await link.court.begin(0, '3-a')).toBe('free');
    court.report(['3-a', '3-b']);
    expect(await link.court.begin(0, '3-a')).toBe('suspect');
    link.court.end({ shard: 0, hash: '3-a', outcome: 'answered' });
    const exhibit = { kind: 'item', what: 'track', event: 'E', messageId: 'm', bytes: Uint8Array.of(1, 2, 3) } as const;
    expect(await link.court.begin(0, '3-b')).toBe('suspect');
    link.court.end({ shard: 0, hash: '3-b', outcome: 'lost', exhibit });
    expect(await link.quarantine.list()).toEqual([]);
    court.shardEnded(0, 'crash');
    const [entry] = await link.quarantine.list();
    expect(entry).toMatchObject({ hash: '3-b', shard: 0, kind: 'item', event: 'E', messageId: 'm', sizeBytes: 3 });
    expect(court.records()[0]?.bytes).toEqual(exhibit.bytes);
    await expect(link.quarantine.release('other')).rejects.toMatchObject({ code: 'not_found' });
    await link.quarantine.release('3-b');
    expect(await link.quarantine.list()).toEqual([]);
    link.close();
  });

  it('tells a map that came before anybody listened', async () => {
    expectShard('right');
    const link = await join1();
    peer?.notify('map', mapOf(9));
    // Answered after the map has arrived.
    await link.view();
    const maps: number[] = [];
    link.onMap(({ epoch }) => maps.push(epoch));
    expect(maps).toEqual([9]);
    link.close();
  });

  it('lets nobody in without the token of his place, and each token once', async () => {
    await expect(join1()).rejects.toMatchObject({ code: 'unauthorized' });
    expectShard('right');
    await expect(join1({ token: 'wrong' })).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(join1({ role: 'router' })).rejects.toMatchObject({ code: 'unauthorized' });
    expectShard('right');
    const link = await join1();
    await expect(join1()).rejects.toMatchObject({ code: 'unauthorized' });
    link.close();
    expectShard('right');
    server.forget('right');
    await expect(join1()).rejects.toMatchObject({ code: 'unauthorized' });
    expect(told).toEqual([['greeted']]);
  });

  it('refuses files of another version, and says what to do', async () => {
    expectShard('right');
    await expect(join1({ version: '1.2.4' })).rejects.toThrow(
      'the files on disk are of version 1.2.4 and the supervisor runs version 1.2.3; start the supervisor again',
    );
    expect((await tellings(1))[0]).toMatchObject(['failed', { code: 'version_mismatch' }]);
  });

  it('hears nothing from who did not greet', async () => {
    const stranger = new Peer(await network.dial(address), { handlers: {}, clock: systemClock });
    stranger.notify('serving', { door: 'http://evil' });
    stranger.notify('failed', { code: 'invalid_request', message: 'stop all' });
    await expect(stranger.call('view', undefined)).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(stranger.call('hello', { role: 'king' })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(told).toEqual([]);
    stranger.close();
  });

  it('closes when the supervisor goes', async () => {
    expectShard('right');
    const link = await join1();
    await server.close();
    await link.closed;
    link.serving('too late');
    link.leave();
    await link.failed({ code: 'internal', message: 'too late' });
    await expect(link.view()).rejects.toMatchObject({ code: 'shard_unavailable' });
    expect(told).toEqual([['greeted']]);
  });
});
