/**
 * The same items in a shard's data, through the scanner and `apply` as a shard does it, and in the naive model; and one
 * question put to both.
 */
import { Packr } from 'msgpackr';
import { expect } from 'vitest';
import { xxh32 } from '../../../../src/base/hash.ts';
import type { RowSet } from '../../../../src/bitmap/row-set.ts';
import * as tapeOf from '../../../../src/ingest/event-tape.ts';
import { EventTape } from '../../../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../../../src/ingest/known-name.ts';
import { NameInterner } from '../../../../src/ingest/name-interner.ts';
import { SlabMemory } from '../../../../src/memory/slab-memory.ts';
import type { Expression } from '../../../../src/model/expression.ts';
import { DEFAULT_INGEST_LIMITS } from '../../../../src/model/limits.ts';
import { ShardData } from '../../../../src/profile/shard-data.ts';
import { NaiveModel } from '../../../oracle/naive/naive-model.ts';

export const HASH_SEED = 7;
export const NOW_MS = Date.UTC(2024, 5, 15, 12);
export const DAY_MS = 86_400_000;

export interface Item {
  readonly type: string;
  readonly userId: string;
  readonly [key: string]: unknown;
}

export class World {
  readonly data: ShardData;
  readonly naive = new NaiveModel();
  readonly ids: string[] = [];
  readonly #rows = new Map<string, number>();
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });
  readonly #tape = new EventTape();
  readonly #scanner: ItemScanner;

  constructor() {
    const names = new NameInterner(100_000);
    const known = new KnownNames(names);
    this.data = new ShardData(new SlabMemory(), names, {
      dedup: { windowMs: DAY_MS, count: 1_000 },
      cacheSizeBytes: 1 << 16,
      hashSeed: HASH_SEED,
    });
    this.#scanner = new ItemScanner(this.#tape, names, known, DEFAULT_INGEST_LIMITS, HASH_SEED);
  }

  add(...items: readonly Item[]): this {
    this.apply(items);
    this.naive.ingest(items, { receivedAtMs: NOW_MS });
    return this;
  }

  /** Into the shard's data only. */
  apply(items: readonly Item[]): void {
    for (const item of items) {
      const timeMs = this.#scan(item);
      this.data.apply(this.#tape, 0, this.#rowOf(item.userId, timeMs), timeMs);
    }
    this.data.traits.foldNow();
  }

  /** Sets traits that no history keeps, so that the texts they take the place of are nobody's. Into the shard's data only. */
  overwrite(items: readonly Item[]): void {
    for (const item of items) {
      const timeMs = this.#scan(item);
      this.data.profiles.setTraits(this.#rowOf(item.userId, timeMs), this.#tape, 0, timeMs, this.data.names);
    }
  }

  /** Onto the tape; gives the item's time. */
  #scan(item: Item): number {
    const tape = this.#tape;
    tape.reset();
    const start = tape.append(this.#packr.pack(item));
    this.#scanner.scan(start, tape.length, 0, 0);
    if (this.#scanner.errorCode !== undefined) throw new Error(this.#scanner.errorMessage);
    return Number.isNaN(tape.times[0]) ? NOW_MS : tape.times[0];
  }

  #rowOf(userId: string, timeMs: number): number {
    let row = this.#rows.get(userId);
    if (row === undefined) {
      const at = this.#tape.items[tapeOf.ITEM_USER];
      const length = this.#tape.items[tapeOf.ITEM_USER + 1];
      const hash = xxh32(this.#tape.bytes, at, length, HASH_SEED);
      row = this.data.addProfile(0, this.#tape.bytes, at, length, hash, timeMs);
      this.#rows.set(userId, row);
      this.ids[row] = userId;
    }
    return row;
  }

  idsOf(rows: RowSet): string[] {
    return Array.from(rows.rowsFrom(0, rows.cardinality), (row) => this.ids[row]).sort();
  }

  /** The naive model's answer. */
  expected(expression: Expression, atMs?: number | undefined): string[] {
    return [...this.naive.query(expression, { nowMs: NOW_MS, atMs })].sort();
  }

  /** Holds that the rows are those that the naive model finds. */
  assertAgrees(rows: RowSet, expression: Expression, atMs?: number | undefined): void {
    expect(this.idsOf(rows), JSON.stringify(expression)).toEqual(this.expected(expression, atMs));
  }
}

export function identify(userId: string, traits: Record<string, unknown>): Item {
  return { type: 'identify', userId, traits };
}

export function track(
  userId: string,
  event: string,
  daysAgo: number,
  properties: Record<string, unknown> = {},
  context?: Record<string, unknown>,
): Item {
  const timestamp = new Date(NOW_MS - daysAgo * DAY_MS).toISOString();
  return { type: 'track', userId, event, timestamp, properties, ...(context === undefined ? {} : { context }) };
}
