/**
 * Profiles and events straight into a shard's columns: one scanned item of each kind is the mould, and only its numbers,
 * codes and times change. Seeded, so that every run sees the same data.
 */
import { Packr } from 'msgpackr';
import { xxh32 } from '../../../src/base/hash.ts';
import {
  EventTape,
  ITEM_LEAF_START,
  LEAF_HASH,
  LEAF_LENGTH,
  LEAF_OFFSET,
  LEAF_STRIDE,
} from '../../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../../src/ingest/known-name.ts';
import { NameInterner } from '../../../src/ingest/name-interner.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { DEFAULT_INGEST_LIMITS } from '../../../src/model/limits.ts';
import { ShardData } from '../../../src/profile/shard-data.ts';

export const HASH_SEED = 7;
export const NOW_MS = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;
const COUNTRIES = ['DE', 'AT', 'CH', 'US', 'FR', 'IT', 'ES', 'PL', 'NL', 'BE', 'SE', 'NO'];
const PLANS = ['free', 'pro', 'enterprise'];

export interface PopulationSize {
  readonly profiles: number;
  /** Two thirds are "Page Viewed", one third "Order Completed", over one year. */
  readonly events: number;
}

export function populate({ profiles, events }: PopulationSize): ShardData {
  const names = new NameInterner(100_000);
  const known = new KnownNames(names);
  const options = { dedup: { windowMs: DAY_MS, count: 1_000 }, cacheSizeBytes: 1 << 16 };
  const data = new ShardData(new SlabMemory(), names, options);
  const tape = new EventTape();
  const scanner = new ItemScanner(tape, names, known, DEFAULT_INGEST_LIMITS, HASH_SEED);
  const packr = new Packr({ useRecords: false });
  const random = randomOf(42);
  const add = (item: unknown): number => {
    const start = tape.append(packr.pack(item));
    scanner.scan(start, tape.length, 0, 0);
    return tape.itemCount - 1;
  };
  const text = (item: number, leaf: number, value: string): void => {
    const offset = tape.appendText(value);
    const at = (tape.items[item * 28 + ITEM_LEAF_START] + leaf) * LEAF_STRIDE;
    tape.leaves[at + LEAF_OFFSET] = offset;
    tape.leaves[at + LEAF_LENGTH] = value.length;
    tape.leaves[at + LEAF_HASH] = xxh32(tape.bytes, offset, value.length, HASH_SEED);
  };
  const mould = { country: 'DE', plan: 'free', age: 20, balance: 1.5, city: 'Berlin', active: true };
  const person = add({ type: 'identify', userId: 'u', traits: mould });
  const order = add({ type: 'track', userId: 'u', event: 'Order Completed', properties: { total: 1.5, sku: 'A' } });
  const page = add({ type: 'track', userId: 'u', event: 'Page Viewed', properties: { url: '/' } });
  const mark = tape.length;
  const id = new Uint8Array(8);
  for (let i = 0; i < profiles; i++) {
    tape.length = mark;
    new DataView(id.buffer).setUint32(0, i);
    const row = data.addProfile(0, id, 0, 8, xxh32(id, 0, 8, HASH_SEED), NOW_MS);
    text(person, 0, COUNTRIES[Math.floor(random() ** 2 * COUNTRIES.length)]);
    text(person, 1, PLANS[Math.floor(random() ** 3 * PLANS.length)]);
    const first = tape.items[person * 28 + ITEM_LEAF_START];
    tape.numbers[first + 2] = 18 + Math.floor(random() * 60);
    tape.numbers[first + 3] = Math.floor(random() * 1e6) / 100;
    text(person, 4, `city ${Math.floor(random() ** 2 * 50_000)}`);
    data.apply(tape, person, row, NOW_MS);
  }
  for (let e = 0; e < events; e++) {
    tape.length = mark;
    const timeMs =
      NOW_MS - Math.floor((1 - e / events) * YEAR_DAYS * DAY_MS) + Math.floor(random() * 3_600_000) - 3_600_000;
    const item = e % 3 === 0 ? order : page;
    const first = tape.items[item * 28 + ITEM_LEAF_START];
    if (item === order) {
      tape.numbers[first] = Math.floor(random() * 20_000) / 100;
      text(order, 1, `sku ${Math.floor(random() * 500)}`);
    } else {
      text(page, 0, `/page/${Math.floor(random() ** 2 * 300)}`);
    }
    data.apply(tape, item, Math.floor(random() * profiles), timeMs);
  }
  return data;
}

/** Park–Miller, in (0, 1). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
