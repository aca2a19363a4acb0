import { describe, expect, it } from 'vitest';
import { type EngineSettings, loadSettings } from '../../../src/engine/settings.ts';
import {
  defaultRouterCount,
  defaultShardCount,
  linkPlan,
  routerDoor,
  shardDoor,
  shardEngine,
} from '../../../src/supervisor/cluster-plan.ts';

const GIB = 1024 ** 3;
const settings = (flags: Record<string, unknown> = {}): EngineSettings =>
  loadSettings({ flags, memoryTotalBytes: 10 * GIB });
const KEYS = { writeKey: 'write-key', adminKey: 'admin-key' };

describe('the plan of a cluster', () => {
  it.each([
    [1, 1, 1],
    [2, 2, 1],
    [4, 2, 1],
    [8, 4, 2],
    [32, 16, 8],
  ])('%i cores: %i shards, %i routers', (cores, shards, routers) => {
    expect([defaultShardCount(cores), defaultRouterCount(cores)]).toEqual([shards, routers]);
  });

  it('divides memory, message ids, cores and the cache among the shards', () => {
    const engine = shardEngine(settings({ memoryLimit: '8GB', dedupCount: 1_001 }), '/data/shard-1', 4, 16);
    expect(engine).toMatchObject({
      data: '/data/shard-1',
      shards: 1,
      workers: 3,
      memoryLimitBytes: 2 * GIB,
      dedupCount: 251,
      cacheSizeBytes: 64 * 2 ** 20,
    });
    expect(shardEngine(settings({ workers: 5 }), '/', 4, 2).workers).toBe(5);
    expect(shardEngine(settings(), '/', 64, 2).workers).toBe(1);
  });

  it('routers share a port at the address asked for, shards have doors on this machine, or none', () => {
    const open = settings({ host: '0.0.0.0', readKey: 'read-key', tlsCert: 'a.pem', tlsKey: 'b.pem' });
    const lock = {
      keys: { write: ['write-key'], admin: ['admin-key'], read: ['read-key'] },
      tls: { certFile: 'a.pem', keyFile: 'b.pem' },
    };
    expect(routerDoor(open, KEYS, 9_000)).toEqual({ host: '0.0.0.0', port: 9_000, isPortShared: true, ...lock });
    expect(shardDoor(open, KEYS)).toEqual({ host: '127.0.0.1', port: 0, isPortShared: false, ...lock });
    expect(shardDoor(settings({ shardDoors: 'off' }), KEYS)).toBeUndefined();
  });

  it('links are Unix sockets, or TLS at a port a shard', () => {
    const unix = linkPlan(settings(), 2);
    expect([unix.files, unix.addressOf(1, '/run/x')]).toEqual([undefined, 'unix:/run/x/shard-1.sock']);
    const pem = { linkCert: 'a', linkKey: 'b', linkCa: 'c' };
    const tls = linkPlan(settings({ links: 'tls:[::1]:7400', ...pem }), 3);
    expect(tls.files).toEqual({ certFile: 'a', keyFile: 'b', caFile: 'c' });
    expect(tls.addressOf(2, '/run/x')).toBe('tls:[::1]:7402');
    expect(() => linkPlan(settings({ links: 'tls:localhost:65535', ...pem }), 2)).toThrow('are not all ports');
    expect(() => linkPlan(settings({ links: 'tls:localhost:7400', ...pem, linkCa: '' }), 2)).toThrow('need linkCert');
    expect(() => linkPlan(settings({ links: 'tcp:localhost:7400', ...pem }), 2)).toThrow('links must be unix or tls');
    expect(() => linkPlan(settings({ links: 'pigeon' }), 2)).toThrow('not an address');
  });
});
