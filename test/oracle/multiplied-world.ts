/**
 * A world lived by many: every person of it many times under other names, so that chunks, bitmaps and workers come into
 * play. The naive model lives it once; its answers, times the number of copies, are those of the multiplied world.
 */
import type { Batch } from './generate/batch.ts';
import type { World } from './generate/world.ts';
import type { JsonObject } from './naive/json-value.ts';

const NAMING_FIELDS = ['userId', 'anonymousId', 'previousId', 'messageId'];

export function copyName(name: string, copy: number): string {
  return `${name}~${copy}`;
}

/** The copy's batches; what is not a name stays as it is, so traits and properties are those of the original. */
function copyOf(batch: Batch, copy: number): Batch {
  const rename = (item: JsonObject): JsonObject => {
    const named = NAMING_FIELDS.flatMap((key) =>
      typeof item[key] === 'string' ? [[key, copyName(item[key], copy)]] : [],
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
