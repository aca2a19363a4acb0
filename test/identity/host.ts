/**
 * An engine whose clock, randomness and disk are the test's, opened by the same `open` that everybody calls; and what can be read of it from
 * outside, in the words of the naive truth.
 */

import type { Engine } from '../../src/engine/engine.ts';
import { open } from '../../src/engine/open.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import type { Identifier, Profile } from '../../src/model/profile.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import { eventText, type Item, inOrder, type Key, type Portrait } from './naive-world.ts';

export const START_MS = Date.UTC(2026, 0, 1);
const ALL_EVENTS = 1_000_000_000;

export interface HostOptions {
  readonly shards: number;
  readonly identity?: IdentitySettings | undefined;
  readonly isAutoFlush?: boolean | undefined;
  readonly storages?: readonly MemoryStorage[] | undefined;
  /** A folder in place of storages in memory. */
  readonly data?: string | undefined;
  readonly nowMs?: number | undefined;
}

export class Host {
  readonly engine: Engine;
  readonly storages: readonly MemoryStorage[];
  readonly options: HostOptions;
  readonly #clock: { nowMs: number };

  private constructor(
    engine: Engine,
    storages: readonly MemoryStorage[],
    options: HostOptions,
    clock: { nowMs: number },
  ) {
    this.engine = engine;
    this.storages = storages;
    this.options = options;
    this.#clock = clock;
  }

  static async open(options: HostOptions): Promise<Host> {
    const storages =
      options.storages ??
      Array.from({ length: options.shards }, () => new MemoryStorage({ isAutoFlush: options.isAutoFlush ?? true }));
    const clock = { nowMs: options.nowMs ?? START_MS };
    let random = 1;
    const engine = await open({
      ...(options.data === undefined ? { storage: (index) => storages[index] } : { data: options.data }),
      shards: options.shards,
      workers: 1,
      identity: options.identity,
      checkpointIntervalMs: 0,
      dedupWindowMs: 100 * 365 * 86_400_000,
      memoryLimitBytes: 2 ** 40,
      cacheSizeBytes: 1 << 20,
      clock: {
        nowMs: () => clock.nowMs,
        monotonicMs: () => 0,
        every: () => () => undefined,
        after: () => () => undefined,
        yieldTurn: async () => undefined,
      },
      random: { nextUint32: () => random++ },
    });
    return new Host(engine, storages, options, clock);
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  advance(ms: number): void {
    this.#clock.nowMs += ms;
  }

  /** Each item in a batch of its own or all in one: `ack` is `applied`, so a disk that waits for the test does not matter. */
  ingest(items: readonly Item[]): Promise<IngestResult> {
    return this.engine.ingest(items, { ack: 'applied' });
  }

  /** The process ends in order, and the next finds what was appended. */
  async reopened(options: Partial<HostOptions> = {}): Promise<Host> {
    if (this.options.data !== undefined) await this.engine.close();
    return Host.open({
      ...this.options,
      identity: this.engine.identitySettings(),
      storages: this.storages.map((storage) => storage.reopen()),
      nowMs: this.nowMs,
      ...options,
    });
  }

  async profiles(): Promise<Profile[]> {
    const found: Profile[] = [];
    for await (const bytes of this.engine.exportProfiles({ events: ALL_EVENTS })) {
      found.push(JSON.parse(Buffer.from(bytes).toString('utf8')) as Profile);
    }
    return found;
  }

  async portraits(): Promise<Portrait[]> {
    return inOrder((await this.profiles()).map(portraitOf));
  }

  lookup(key: Key): Profile | undefined {
    return this.engine.lookup(identifierOf(key), { events: ALL_EVENTS });
  }

  async count(where: string): Promise<number> {
    const answer = await this.engine.query({ where, as: 'count' });
    return (answer as { readonly count: number }).count;
  }
}

export function identifierOf(key: Key): Identifier {
  const at = key.indexOf(':');
  return { type: key.slice(0, at), value: key.slice(at + 1) };
}

export function keyOf({ type, value }: Identifier): Key {
  return `${type}:${value}`;
}

export function portraitOf(profile: Profile): Portrait {
  return {
    identifiers: profile.identifiers.map(keyOf).sort(),
    traits: sorted(profile.traits),
    events: (profile.events ?? [])
      .map(({ messageId, event, timestamp, properties }) => eventText(messageId, event, timestamp, properties))
      .sort(),
    counts: sorted(profile.counts) as Record<string, number>,
    firstSeen: profile.first_seen,
    lastSeen: profile.last_seen,
  };
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, below]) => [name, sorted(below)]),
  );
}
