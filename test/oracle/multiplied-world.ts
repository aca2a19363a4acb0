/**
 * A world lived by many: every person of it many times under other names, so that chunks, bitmaps and workers come into
 * play. The naive model lives it once; its answers, times the number of copies, are those of the multiplied world. Beside
 * them a crowd of strangers, each with values of their own, so that columns have too many values to index.
 */
import { DEFAULT_TYPES } from '../../src/identity/default-settings.ts';
import type { Batch } from './generate/batch.ts';
import { BLOCKED_IDS } from './generate/pool.ts';
import type { World } from './generate/world.ts';
import type { JsonObject } from './naive/json-value.ts';

const NAMING_FIELDS = ['userId', 'anonymousId', 'previousId', 'messageId'];
const OWN_TYPES = ['user_id', 'anonymous_id'];

/** The world under rules by which only the ids that a copy renames bring people together: an e-mail would join copies. */
export function withOwnIdsOnly(world: World): World {
  const own = (world.identity?.['types'] as readonly { readonly type: string }[] | undefined) ?? [];
  const others = DEFAULT_TYPES.filter(({ type }) => !OWN_TYPES.includes(type)).map(({ type }) => ({ type, limit: 0 }));
  return { ...world, identity: { types: [...own.filter(({ type }) => OWN_TYPES.includes(type)), ...others] } };
}

export function copyName(name: string, copy: number): string {
  return `${name}~${copy}`;
}

/** The copy's batches; what is not a name stays as it is, so traits and properties are those of the original. */
function copyOf(batch: Batch, copy: number): Batch {
  const rename = (item: JsonObject): JsonObject => {
    const named = NAMING_FIELDS.flatMap((key) =>
      // What identifies nobody does not identify a copy of them either.
      typeof item[key] === 'string' && !BLOCKED_IDS.includes(item[key]) ? [[key, copyName(item[key], copy)]] : [],
    );
    return { ...item, ...Object.fromEntries(named) };
  };
  return { ...batch, items: batch.items.map(rename) };
}

/** Batch by batch, each for all copies, several copies in one batch. */
export function* multipliedBatches(world: World, copyCount: number, copiesPerBatch: number): Iterable<Batch> {
  for (const batch of world.batches) {
    for (let first = 0; first < copyCount; first += copiesPerBatch) {
      const copies = Array.from({ length: Math.min(copiesPerBatch, copyCount - first) }, (_, i) =>
        copyOf(batch, first + i),
      );
      yield { ...batch, items: copies.flatMap(({ items }) => items) };
    }
  }
}

const STRANGERS_PER_BATCH = 1_000;

/** `stranger0` and so on: values that the questions' literals hit here and there, and thousands that they do not. */
export function* strangerBatches(nowMs: number, count: number): Iterable<Batch> {
  for (let first = 0; first < count; first += STRANGERS_PER_BATCH) {
    const size = Math.min(STRANGERS_PER_BATCH, count - first);
    const items = Array.from({ length: size }, (_, i) => strangerItems(nowMs, first + i)).flat();
    yield { door: 'json', receivedAtMs: nowMs, isImport: false, items };
  }
}

function strangerItems(nowMs: number, index: number): readonly JsonObject[] {
  const userId = `stranger${index}`;
  const moment = new Date(nowMs - index * 3_600_000).toISOString();
  const traits = {
    country: `C${index}`,
    name: `Ann ${index}`,
    age: index % 100,
    balance: index / 10,
    birthday: moment,
    tags: [index % 7, `t${index}`],
    address: { city: `City ${index}` },
    plan: index % 3 === 0 ? index : `pro ${index}`,
  };
  const properties = {
    total: index / 4,
    sku: `A${index}`,
    when: moment,
    value: index % 2 === 0 ? `v${index}` : index,
    flag: index % 5 === 0,
  };
  return [
    { type: 'identify', userId, traits, timestamp: moment, messageId: `${userId}-0` },
    { type: 'track', event: 'Order Completed', userId, properties, timestamp: moment, messageId: `${userId}-1` },
  ];
}
