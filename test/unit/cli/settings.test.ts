import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  kebabOf,
  loadSettings,
  SETTING_OPTIONS,
  type SettingSources,
  variableOf,
} from '../../../src/engine/settings.ts';

const GIB = 1024 ** 3;
const load = (sources: Omit<SettingSources, 'memoryTotalBytes'> = {}) =>
  loadSettings({ ...sources, memoryTotalBytes: 10 * GIB });
const file = (content: unknown) => [{ name: 'engine.json', content }];

describe('settings', () => {
  it('the default configuration file says what the declarations say', () => {
    const content: unknown = JSON.parse(
      readFileSync(new URL('../../../config/engine.default.json', import.meta.url), 'utf8'),
    );
    expect(load({ configs: [{ name: 'engine.default.json', content }] })).toEqual(load());
  });

  it('later sources win', () => {
    const configs = [
      { name: 'a', content: { port: 1, shards: 2, dedupWindow: '1h', limits: { depth: 5 } } },
      { name: 'b', content: { port: 2 } },
    ];
    const environment = { KITH_PORT: '3', KITH_MEMORY_LIMIT: '2 GiB', KITH_LIMIT_DEPTH: '7', KITH_DATA: '' };
    const settings = load({ configs, environment, flags: { port: '4' } });
    expect(settings).toMatchObject({
      port: 4,
      shards: 2,
      dedupWindowMs: 3_600_000,
      memoryLimitBytes: 2 * GIB,
      data: './data',
    });
    expect(settings.limits.depth).toBe(7);
  });

  it('memory limits are sizes or shares', () => {
    expect(load().memoryLimitBytes).toBe(7 * GIB);
    expect(load({ flags: { memoryLimit: '1.5GB' } }).memoryLimitBytes).toBe(1.5 * GIB);
    expect(load({ flags: { memoryLimit: '50%' } }).memoryLimitBytes).toBe(5 * GIB);
  });

  it('switches are said in several words', () => {
    expect(load()).toMatchObject({ cluster: false, shardDoors: true });
    const environment = { KITH_CLUSTER: '1', KITH_SHARD_DOORS: 'off' };
    expect(load({ environment })).toMatchObject({ cluster: true, shardDoors: false });
    expect(load({ environment, flags: { cluster: true, shardDoors: 'on' } }).shardDoors).toBe(true);
    expect(load({ configs: file({ cluster: false }), flags: { cluster: 'No' } }).cluster).toBe(false);
  });

  it.each([
    [{ configs: file({ port: 'x' }) }, 'engine.json: port must be a whole number from 0 to 65535, not "x"'],
    [{ configs: file({ prot: 1 }) }, 'engine.json: no option "prot"; there are port, host'],
    [{ configs: file({ limits: { deep: 1 } }) }, 'engine.json: no option "deep"; there are eventSizeBytes'],
    [{ configs: file([1]) }, 'engine.json: expected a JSON object'],
    [{ environment: { KITH_SHARDS: '-1' } }, 'the environment variable KITH_SHARDS: shards must be'],
    [{ flags: { memoryLimit: '120%' } }, 'the flag --memory-limit: memoryLimit must be'],
    [{ flags: { dedupWindow: 'soon' } }, 'the flag --dedup-window: dedupWindow must be a duration'],
    [{ flags: { cluster: 'maybe' } }, 'the flag --cluster: cluster must be on or off'],
    [{ flags: { logLevel: 'loud' } }, 'the flag --log-level: logLevel must be one of'],
    [{ flags: { tlsCert: 'cert.pem' } }, 'TLS needs both'],
    [{ configs: file({ limits: { eventSizeBytes: '8MB' } }) }, 'must not be larger than'],
  ])('refuses %j', (sources, message) => {
    expect(() => load(sources)).toThrow(message);
  });

  it('never shows a key in a message', () => {
    expect(() => load({ flags: { writeKey: 'my secret' } })).toThrow(/^(?!.*my secret).*writeKey must be/);
  });

  it('names every option three ways', () => {
    const names = SETTING_OPTIONS.map((option) => [option.name, variableOf(option), kebabOf(option)]);
    expect(names).toContainEqual(['memoryLimit', 'KITH_MEMORY_LIMIT', 'memory-limit']);
    expect(names).toContainEqual(['eventSizeBytes', 'KITH_LIMIT_EVENT_SIZE_BYTES', 'limit-event-size-bytes']);
    expect(new Set(names.flat()).size).toBe(new Set(names.map(([name]) => name)).size * 3 - countSame(names));
  });
});

/** Options of one word are spelt the same in files and flags. */
function countSame(names: readonly (readonly string[])[]): number {
  return names.filter(([name, , kebab]) => name === kebab).length;
}
