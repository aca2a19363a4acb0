/**
 * Every option of the engine, declared once: its name, kind, default, bounds and help. From the name follow the key in
 * a configuration file (`memoryLimit`), the variable (`KITH_MEMORY_LIMIT`) and the flag (`--memory-limit`).
 *
 * Later sources win: defaults < configuration files < environment < flags. A bad value or an unknown key is refused
 * with the source and the option in the message. Pure: whoever calls reads the files, the environment and the
 * machine's memory.
 */
import { durationMsOf } from '../base/duration.ts';
import { EngineError } from '../model/error.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits, SLOT_COUNT } from '../model/limits.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface EngineSettings {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly shards: number;
  readonly workers: number;
  /** Processes behind a supervisor, not one engine in this process. */
  readonly cluster: boolean;
  /** Router processes of a cluster; 0 = by the number of cores. */
  readonly routers: number;
  /** Has each shard of a cluster a door of its own? */
  readonly shardDoors: boolean;
  /** `unix`, or `tls:host:port` of the first shard. */
  readonly links: string;
  readonly linkCert: string;
  readonly linkKey: string;
  readonly linkCa: string;
  readonly writeKey: string;
  readonly adminKey: string;
  readonly readKey: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly memoryLimitBytes: number;
  readonly dedupWindowMs: number;
  readonly dedupCount: number;
  readonly commitDelayMs: number;
  readonly checkpointIntervalMs: number;
  readonly historyRetentionMs: number;
  readonly logLevel: LogLevel;
  readonly limits: IngestLimits;
}

type OptionKind = 'integer' | 'text' | 'switch' | 'secret' | 'size' | 'memory' | 'duration' | 'logLevel';

export interface SettingOption {
  readonly name: string;
  readonly kind: OptionKind;
  /** As it would stand in a file. */
  readonly default: string | number | boolean;
  readonly help: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Key of the parent object in a file: `{"limits":{"eventSizeBytes":…}}`. */
  readonly group?: 'limits' | undefined;
}

const limit = (name: keyof IngestLimits, max: number, help: string): SettingOption => ({
  name,
  kind: name.endsWith('Bytes') ? 'size' : 'integer',
  default: DEFAULT_INGEST_LIMITS[name],
  min: 1,
  max,
  group: 'limits',
  help,
});

export const SETTING_OPTIONS: readonly SettingOption[] = [
  { name: 'port', kind: 'integer', default: 8080, min: 0, max: 65_535, help: 'TCP port; 0 takes a free one' },
  { name: 'host', kind: 'text', default: '127.0.0.1', help: 'address to listen on; another than loopback needs keys' },
  {
    name: 'data',
    kind: 'text',
    default: './data',
    help: 'folder of the event log, the checkpoints and the keys; :memory: keeps nothing',
  },
  {
    name: 'shards',
    kind: 'integer',
    default: 0,
    min: 0,
    max: SLOT_COUNT,
    help: 'parts that the profiles are split into, fixed when the data folder is made; 0 = as it was made, else 1, or by the cores in a cluster',
  },
  {
    name: 'workers',
    kind: 'integer',
    default: 0,
    min: 0,
    max: 256,
    help: 'threads for scans, of each shard in a cluster; 0 = one less than the cores, divided among the shards',
  },
  {
    name: 'cluster',
    kind: 'switch',
    default: false,
    help: 'a process for each shard, router processes in front of them, and a supervisor; fixed when the data folder is made',
  },
  {
    name: 'routers',
    kind: 'integer',
    default: 0,
    min: 0,
    max: 64,
    help: 'router processes of a cluster, which share the port; 0 = by the cores',
  },
  {
    name: 'shardDoors',
    kind: 'switch',
    default: true,
    help: 'each shard of a cluster listens on a port of its own on 127.0.0.1, for clients that know the slots',
  },
  {
    name: 'links',
    kind: 'text',
    default: 'unix',
    help: 'how processes of a cluster reach its shards: unix, or tls:HOST:PORT (shard N at PORT + N) with linkCert, linkKey and linkCa',
  },
  { name: 'linkCert', kind: 'text', default: '', help: 'certificate of every process for links by TLS (PEM)' },
  { name: 'linkKey', kind: 'text', default: '', help: 'its private key (PEM)' },
  { name: 'linkCa', kind: 'text', default: '', help: 'whom processes trust on links: certificate of the signer (PEM)' },
  { name: 'writeKey', kind: 'secret', default: '', help: 'key for sending events; made at the first start if absent' },
  { name: 'adminKey', kind: 'secret', default: '', help: 'key for everything; made at the first start if absent' },
  { name: 'readKey', kind: 'secret', default: '', help: 'key for lookups and queries only; absent = none' },
  { name: 'tlsCert', kind: 'text', default: '', help: 'certificate file (PEM); with tlsKey turns TLS on' },
  { name: 'tlsKey', kind: 'text', default: '', help: 'private key file (PEM)' },
  {
    name: 'memoryLimit',
    kind: 'memory',
    default: '70%',
    help: 'past it ingest is refused for a while: 8GB, or a share of the memory',
  },
  { name: 'dedupWindow', kind: 'duration', default: '24h', help: 'how long a messageId is remembered' },
  {
    name: 'dedupCount',
    kind: 'integer',
    default: 4_000_000,
    min: 0,
    max: 1_000_000_000,
    help: 'how many messageIds are remembered at most',
  },
  {
    name: 'commitDelayMs',
    kind: 'integer',
    default: 8,
    min: 0,
    max: 1_000,
    help: 'greatest wait of a commit under load, so that acks share a sync',
  },
  {
    name: 'checkpointInterval',
    kind: 'duration',
    default: '5m',
    help: 'time between checkpoints; 0s = only at the end',
  },
  {
    name: 'historyRetention',
    kind: 'duration',
    default: '0s',
    help: 'how far back the history of traits reaches: older values that were overwritten are forgotten; 0s = for good',
  },
  { name: 'logLevel', kind: 'logLevel', default: 'info', help: LOG_LEVELS.join(', ') },
  limit('eventSizeBytes', 16 * 1024 * 1024, 'one event, encoded'),
  limit('bodySizeBytes', 256 * 1024 * 1024, 'one request body or WebSocket frame, decompressed'),
  limit('batchCount', 1_000_000, 'items in one batch'),
  limit('depth', 64, 'nesting inside one event'),
  limit('propertyCount', 100_000, 'properties, traits and context fields of one event'),
  limit('nameSizeBytes', 4_096, 'one property, trait or event name'),
  limit('idSizeBytes', 4_096, 'one identifier or messageId'),
  limit('distinctNameCount', 16_000_000, 'distinct names of properties and events that are learnt'),
];

/** `memoryLimit` → `KITH_MEMORY_LIMIT`, `eventSizeBytes` of the limits → `KITH_LIMIT_EVENT_SIZE_BYTES`. */
export function variableOf(option: SettingOption): string {
  return `KITH_${kebabOf(option).replaceAll('-', '_').toUpperCase()}`;
}

/** `memoryLimit` → `memory-limit`, `eventSizeBytes` of the limits → `limit-event-size-bytes`. */
export function kebabOf(option: SettingOption): string {
  const kebab = option.name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return option.group === 'limits' ? `limit-${kebab}` : kebab;
}

export interface ConfigSource {
  /** For messages: the file's path. */
  readonly name: string;
  readonly content: unknown;
}

export interface SettingSources {
  /** Earliest first; later win. */
  readonly configs?: readonly ConfigSource[] | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** By option name (`memoryLimit`). */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
  /** What a share such as 70 % is of. */
  readonly memoryTotalBytes: number;
}

/** Errors: invalid_request, naming the source and the option. */
export function loadSettings(sources: SettingSources): EngineSettings {
  const values = new Map<string, SettingValue>();
  const read = (option: SettingOption, raw: unknown, source: string): void => {
    values.set(option.name, parseOption(option, raw, source, sources.memoryTotalBytes));
  };
  for (const option of SETTING_OPTIONS) read(option, option.default, 'the default');
  for (const { name, content } of sources.configs ?? []) readConfig(name, content, read);
  const environment = sources.environment ?? {};
  for (const option of SETTING_OPTIONS) {
    const variable = variableOf(option);
    const raw = environment[variable];
    if (raw !== undefined && raw !== '') read(option, raw, `the environment variable ${variable}`);
  }
  for (const option of SETTING_OPTIONS) {
    const raw = sources.flags?.[option.name];
    if (raw !== undefined) read(option, raw, `the flag --${kebabOf(option)}`);
  }
  return assemble(values);
}

type SettingValue = string | number | boolean;

function assemble(values: ReadonlyMap<string, SettingValue>): EngineSettings {
  const text = (name: string): string => values.get(name) as string;
  const isOn = (name: string): boolean => values.get(name) as boolean;
  const number = (name: string): number => values.get(name) as number;
  const settings: EngineSettings = {
    port: number('port'),
    host: text('host'),
    data: text('data'),
    shards: number('shards'),
    workers: number('workers'),
    cluster: isOn('cluster'),
    routers: number('routers'),
    shardDoors: isOn('shardDoors'),
    links: text('links'),
    linkCert: text('linkCert'),
    linkKey: text('linkKey'),
    linkCa: text('linkCa'),
    writeKey: text('writeKey'),
    adminKey: text('adminKey'),
    readKey: text('readKey'),
    tlsCert: text('tlsCert'),
    tlsKey: text('tlsKey'),
    memoryLimitBytes: number('memoryLimit'),
    dedupWindowMs: number('dedupWindow'),
    dedupCount: number('dedupCount'),
    commitDelayMs: number('commitDelayMs'),
    checkpointIntervalMs: number('checkpointInterval'),
    historyRetentionMs: number('historyRetention'),
    logLevel: text('logLevel') as LogLevel,
    limits: {
      eventSizeBytes: number('eventSizeBytes'),
      bodySizeBytes: number('bodySizeBytes'),
      batchCount: number('batchCount'),
      depth: number('depth'),
      propertyCount: number('propertyCount'),
      nameSizeBytes: number('nameSizeBytes'),
      idSizeBytes: number('idSizeBytes'),
      distinctNameCount: number('distinctNameCount'),
    },
  };
  if ((settings.tlsCert === '') !== (settings.tlsKey === '')) {
    throw new EngineError('invalid_request', 'TLS needs both tlsCert and tlsKey, or neither');
  }
  if (settings.limits.eventSizeBytes > settings.limits.bodySizeBytes) {
    throw new EngineError('invalid_request', 'limits.eventSizeBytes must not be larger than limits.bodySizeBytes');
  }
  return settings;
}

function readConfig(
  source: string,
  content: unknown,
  read: (option: SettingOption, raw: unknown, source: string) => void,
): void {
  for (const [key, raw] of objectEntries(source, content)) {
    if (key === '$schema') continue;
    if (key === 'limits') {
      for (const [name, value] of objectEntries(`${source}, limits`, raw)) {
        read(knownOption(name, 'limits', source), value, source);
      }
    } else read(knownOption(key, undefined, source), raw, source);
  }
}

function objectEntries(source: string, content: unknown): [string, unknown][] {
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return Object.entries(content);
  throw new EngineError('invalid_request', `${source}: expected a JSON object of options`);
}

function knownOption(name: string, group: string | undefined, source: string): SettingOption {
  const option = SETTING_OPTIONS.find((candidate) => candidate.name === name && candidate.group === group);
  if (option !== undefined) return option;
  const known = SETTING_OPTIONS.filter((candidate) => candidate.group === group).map((candidate) => candidate.name);
  throw new EngineError(
    'invalid_request',
    `${source}: no option ${JSON.stringify(name)}; there are ${known.join(', ')}`,
  );
}

function parseOption(option: SettingOption, raw: unknown, source: string, memoryTotalBytes: number): SettingValue {
  const refuse = (expected: string): never => {
    const shown = option.kind === 'secret' ? 'the value' : JSON.stringify(raw);
    const path = option.group === undefined ? option.name : `${option.group}.${option.name}`;
    throw new EngineError('invalid_request', `${source}: ${path} must be ${expected}, not ${shown}`, {
      details: { option: path, source },
    });
  };
  switch (option.kind) {
    case 'text':
      return typeof raw === 'string' ? raw : refuse('a text');
    case 'switch':
      return SWITCH_TEXTS.get(String(raw).toLowerCase()) ?? refuse('on or off');
    case 'secret':
      return typeof raw === 'string' && (raw === '' || /^[\x21-\x7e]{8,512}$/.test(raw))
        ? raw
        : refuse('8 to 512 printable ASCII characters without blanks');
    case 'logLevel':
      return LOG_LEVELS.includes(raw as LogLevel) ? (raw as LogLevel) : refuse(`one of ${LOG_LEVELS.join(', ')}`);
    case 'duration': {
      const durationMs = typeof raw === 'string' ? durationMsOf(raw) : Number.NaN;
      return durationMs >= 0 ? durationMs : refuse('a duration such as "30s", "5m", "24h"');
    }
    case 'memory': {
      const bytes = typeof raw === 'string' && raw.endsWith('%') ? shareOf(raw, memoryTotalBytes) : sizeOf(raw);
      return bytes >= 64 * 1024 * 1024
        ? Math.floor(bytes)
        : refuse('64MB or more, or a share of the memory ("8GB", "70%")');
    }
    case 'size':
    case 'integer': {
      const number = option.kind === 'size' ? sizeOf(raw) : integerOf(raw);
      const min = option.min ?? 0;
      const max = option.max ?? Number.MAX_SAFE_INTEGER;
      return number >= min && number <= max ? number : refuse(`a whole number from ${min} to ${max}`);
    }
  }
}

const SWITCH_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ...['on', 'true', 'yes', '1'].map((text) => [text, true] as const),
  ...['off', 'false', 'no', '0'].map((text) => [text, false] as const),
]);

function integerOf(raw: unknown): number {
  if (typeof raw === 'number') return Number.isSafeInteger(raw) ? raw : Number.NaN;
  return typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** Bytes of 65536, "64KB", "1.5 GiB"; units are powers of 1024. NaN when it is none. */
function sizeOf(raw: unknown): number {
  if (typeof raw !== 'string') return integerOf(raw);
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT])?i?B?$/i.exec(raw.trim());
  if (match === null) return Number.NaN;
  return Math.floor(Number(match[1]) * SIZE_UNITS[match[2] === undefined ? '' : `${match[2].toUpperCase()}B`]);
}

function shareOf(raw: string, totalBytes: number): number {
  const percent = Number(raw.slice(0, -1));
  return percent > 0 && percent <= 100 ? (totalBytes * percent) / 100 : Number.NaN;
}
