/**
 * The engine without doors, clocks and disks: shards over storages in memory, the router and the pipeline. Time, randomness
 * and turns of the event loop are the test's.
 */

import { IngestPipeline } from '../../src/engine/ingest-pipeline.ts';
import { stateHashOf } from '../../src/engine/state-hash.ts';
import { DEFAULT_IDENTITY_SETTINGS } from '../../src/identity/default-settings.ts';
import { EventTape } from '../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../src/ingest/known-name.ts';
import { NameInterner } from '../../src/ingest/name-interner.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import { DEFAULT_INGEST_LIMITS, NO_INGEST_LIMITS } from '../../src/model/limits.ts';
import type { Identifier, Profile } from '../../src/model/profile.ts';
import { cutBack } from '../../src/router/closed-cut.ts';
import { Directory } from '../../src/router/directory.ts';
import { Router } from '../../src/router/router.ts';
import { checkpointSeqOf, hashSeedOf } from '../../src/shard/checkpoint.ts';
import { Shard } from '../../src/shard/shard.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';

export const START_MS = Date.UTC(2026, 0, 1);

export interface CoreOptions {
  /** Only used when no checkpoint says which. */
  readonly hashSeed: number;
  readonly dedup?: { readonly windowMs: number; readonly count: number } | undefined;
  readonly identity?: IdentitySettings | undefined;
}

export class Core {
  readonly storages: readonly MemoryStorage[];
  readonly shards: readonly Shard[];
  readonly router: Router;
  /** Moves of profiles that were brought to an end, and forwards put right, when this core was opened. */
  readonly recoveredCount: number;
  readonly #pipeline: IngestPipeline;
  nowMs = START_MS;

  constructor(storages: readonly MemoryStorage[], options: CoreOptions) {
    this.storages = storages;
    const seed = storages.map((storage) => hashSeedOf(storage.checkpoints.latest())).find((one) => one !== undefined);
    const hashSeed = seed ?? options.hashSeed;
    const names = new NameInterner(Number.POSITIVE_INFINITY);
    const known = new KnownNames(names);
    const tape = new EventTape();
    const dedup = options.dedup ?? { windowMs: 86_400_000, count: 1_000_000 };
    const replay = new ItemScanner(tape, names, known, NO_INGEST_LIMITS, hashSeed);
    const parcelScanner = new ItemScanner(new EventTape(), names, known, NO_INGEST_LIMITS, hashSeed);
    this.shards = storages.map((storage, index) =>
      Shard.open(index, storage, { names, hashSeed, dedup, cacheSizeBytes: 1 << 16, parcelScanner }, replay),
    );
    this.router = new Router(new Directory(this.shards), options.identity ?? DEFAULT_IDENTITY_SETTINGS, names);
    this.recoveredCount = this.router.recover();
    let random = 1;
    this.#pipeline = new IngestPipeline(
      this.router,
      new ItemScanner(tape, names, known, DEFAULT_INGEST_LIMITS, hashSeed),
      DEFAULT_INGEST_LIMITS,
      {
        nowMs: () => this.nowMs,
        monotonicMs: () => this.nowMs,
        every: () => () => undefined,
        after: () => () => undefined,
        yieldTurn: async () => undefined,
      },
      { nextUint32: () => random++ },
      () => undefined,
    );
  }

  static fresh(shardCount: number, options: CoreOptions & { readonly isAutoFlush: boolean }): Core {
    const { isAutoFlush } = options;
    return new Core(
      Array.from({ length: shardCount }, () => new MemoryStorage({ isAutoFlush })),
      options,
    );
  }

  async ingest(items: readonly unknown[]): Promise<IngestResult> {
    this.nowMs += 1_000;
    return this.#pipeline.ingest(items, { ack: 'applied' });
  }

  /** After a crash: what is not whole over the shards is taken back first, as `open` does. */
  static async afterCrash(storages: readonly MemoryStorage[], options: CoreOptions): Promise<Core> {
    const seqs = storages.map(({ checkpoints }) => checkpointSeqOf(checkpoints.latest()));
    await cutBack(storages, seqs);
    return new Core(storages, options);
  }

  /** The process ends in order; the next one finds what was appended. */
  reopened(options: CoreOptions): Core {
    const next = new Core(
      this.storages.map((storage) => storage.reopen()),
      options,
    );
    next.nowMs = this.nowMs;
    return next;
  }

  /** As the engine takes one: it counts when all that the other shards had appended by then is durable. */
  async checkpoint(at: number): Promise<void> {
    await this.shards[at].checkpoint(
      async () => undefined,
      async () => {
        for (const storage of this.storages) storage.flush();
      },
    );
  }

  lookup(identifier: Identifier, events = 1e9): Profile | undefined {
    const address = this.router.locate(identifier);
    return address === undefined ? undefined : profileAt(address.shard, address.row, events);
  }

  profiles(): Profile[] {
    return this.shards.flatMap((shard) =>
      Array.from({ length: shard.data.profiles.count }, (_, row) => row)
        .filter((row) => !shard.data.isDead(row))
        .map((row) => profileAt(shard, row, 1e9)),
    );
  }

  /** All that the engine knows, in an order of its own. */
  state(): string[] {
    return this.profiles()
      .map((profile) => JSON.stringify(sorted({ ...profile, identifiers: profile.identifiers.map(keyOf).sort() })))
      .sort();
  }

  get hash(): string {
    return stateHashOf(this.shards);
  }
}

export const keyOf = ({ type, value }: Identifier): string => `${type}:${value}`;

export function profileAt(shard: Shard, row: number, events: number): Profile {
  shard.renderer.render(row, { events });
  const { bytes, start, end } = shard.renderer;
  return JSON.parse(Buffer.from(bytes.subarray(start, end)).toString('utf8')) as Profile;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => [key, sorted(entry)]);
}
