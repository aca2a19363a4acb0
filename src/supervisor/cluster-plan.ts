/** From settings to what each process gets: how many there are, how memory and cores are divided, and where shards are reached. Pure. */
import type { OpenOptions } from '../engine/open-options.ts';
import type { EngineSettings } from '../engine/settings.ts';
import { parseAddress } from '../link/dial.ts';
import { EngineError } from '../model/error.ts';
import type { DoorConfig, LinkFiles } from './control-protocol.ts';

const CACHE_BYTES = 256 * 2 ** 20;
const LOOPBACK = '127.0.0.1';

export interface ServerKeySet {
  readonly writeKey: string;
  readonly adminKey: string;
}

/** Half of the cores, and two where there are two: a shard's thread and its scans want the rest. */
export function defaultShardCount(coreCount: number): number {
  return Math.max(1, Math.min(coreCount, Math.max(2, Math.floor(coreCount / 2))));
}

/** One for four cores: a router parses, its shards do the work. */
export function defaultRouterCount(coreCount: number): number {
  return Math.max(1, Math.floor(coreCount / 4));
}

/** A shard's part of what the settings say of the whole. */
export function shardEngine(
  settings: EngineSettings,
  data: string,
  shardCount: number,
  coreCount: number,
): OpenOptions {
  const share = (whole: number): number => Math.max(1, Math.floor(whole / shardCount));
  return {
    data,
    shards: 1,
    workers: settings.workers === 0 ? share(coreCount - 1) : settings.workers,
    memoryLimitBytes: share(settings.memoryLimitBytes),
    dedupWindowMs: settings.dedupWindowMs,
    dedupCount: Math.max(2, Math.ceil(settings.dedupCount / shardCount)),
    commitDelayMs: settings.commitDelayMs,
    checkpointIntervalMs: settings.checkpointIntervalMs,
    historyRetentionMs: settings.historyRetentionMs,
    cacheSizeBytes: share(CACHE_BYTES),
    limits: settings.limits,
  };
}

export function routerDoor(settings: EngineSettings, keys: ServerKeySet, port: number): DoorConfig {
  return { host: settings.host, port, isPortShared: true, ...lockOf(settings, keys) };
}

/** On this machine only, at a port that is told by the map. */
export function shardDoor(settings: EngineSettings, keys: ServerKeySet): DoorConfig | undefined {
  if (!settings.shardDoors) return undefined;
  return { host: LOOPBACK, port: 0, isPortShared: false, ...lockOf(settings, keys) };
}

function lockOf(settings: EngineSettings, keys: ServerKeySet): Pick<DoorConfig, 'keys' | 'tls'> {
  const { readKey, tlsCert, tlsKey } = settings;
  return {
    keys: { write: [keys.writeKey], admin: [keys.adminKey], read: readKey === '' ? [] : [readKey] },
    tls: tlsCert === '' ? undefined : { certFile: tlsCert, keyFile: tlsKey },
  };
}

export interface LinkPlan {
  readonly files: LinkFiles | undefined;
  addressOf(shard: number, runPath: string): string;
}

/** Errors: invalid_request. TCP without TLS is not offered: who could connect could read and write everything. */
export function linkPlan(settings: EngineSettings, shardCount: number): LinkPlan {
  const { links, linkCert: certFile, linkKey: keyFile, linkCa: caFile } = settings;
  if (links === 'unix') {
    return { files: undefined, addressOf: (shard, runPath) => `unix:${runPath}/shard-${shard}.sock` };
  }
  const place = parseAddress(links);
  if (place.scheme !== 'tls') {
    throw new EngineError('invalid_request', `links must be unix or tls:HOST:PORT, not ${JSON.stringify(links)}`);
  }
  const { host, port } = place;
  if (port < 1 || port + shardCount - 1 > 65_535) {
    throw new EngineError('invalid_request', `links: ports ${port} to ${port + shardCount - 1} are not all ports`);
  }
  if (certFile === '' || keyFile === '' || caFile === '') {
    throw new EngineError('invalid_request', 'links by TLS need linkCert, linkKey and linkCa');
  }
  const name = host.includes(':') ? `[${host}]` : host;
  return { files: { certFile, keyFile, caFile }, addressOf: (shard) => `tls:${name}:${port + shard}` };
}
