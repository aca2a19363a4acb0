/**
 * The catalogue of everything that was ever sent, made from the columns when asked and kept nowhere. It is read in slices, so writes
 * go on meanwhile: all figures of one event are of the moment at which its reading began, those of traits may differ by what was
 * written during the reading. A trait has no times: when a value was set is not kept. Examples are people's data: they go to who
 * asked, with a key that may read profiles, and nowhere else.
 */
import type { EventSchema, FieldSchema, Schema, SchemaNarrowing } from '../../model/schema.ts';
import type { Shard } from '../../shard/shard.ts';
import { EventMerge, FieldMerge, inOrder } from './schema-merge.ts';
import { schemaOutline } from './schema-part.ts';
import type { Slices } from './slices.ts';
import { TableReading } from './table-reading.ts';
import { readTrait } from './trait-reading.ts';

/** With an event named only its fields are read; with a trait only that one, and what is below it. */
export async function readSchema(
  shards: readonly Shard[],
  slices: Slices,
  narrowing: SchemaNarrowing = {},
): Promise<Schema> {
  const { event, trait } = narrowing;
  const isAll = event === undefined && trait === undefined;
  const names = event !== undefined ? [event] : isAll ? schemaOutline(shards).events : [];
  const events: EventSchema[] = [];
  for (const name of names) {
    if (slices.isDue) await slices.pause();
    const found = await readEvent(shards, name, slices);
    if (found !== undefined) events.push(found);
  }
  const traits = isAll || trait !== undefined ? await readTraits(shards, slices, trait) : [];
  return { profiles: schemaOutline(shards).profiles, events: inOrder(events), traits };
}

async function readEvent(shards: readonly Shard[], name: string, slices: Slices): Promise<EventSchema | undefined> {
  const isWhole = shards.length === 1;
  // All shards' in one turn: one moment.
  const readings = shards.flatMap(({ data }) => {
    const table = data.tableOf(name);
    // All who did it moved to other shards.
    return table === undefined || table.livingEventCount === 0 ? [] : { table, reading: new TableReading(data, table) };
  });
  if (readings.length === 0) return undefined;
  const merge = new EventMerge(name, slices);
  for (const { table, reading } of readings) {
    merge.see(reading.head);
    for (const column of [...table.properties]) {
      for (const tally of await reading.property(column, slices, isWhole)) await merge.properties.take(tally);
    }
    for (const column of [...table.contexts]) {
      for (const tally of await reading.context(column, slices, isWhole)) await merge.contexts.take(tally);
    }
  }
  return merge.toSchema();
}

async function readTraits(
  shards: readonly Shard[],
  slices: Slices,
  only: string | undefined,
): Promise<readonly FieldSchema[]> {
  const merge = new FieldMerge(slices);
  for (const { data } of shards) {
    for (const column of [...data.profiles.traits]) {
      const tallies = await readTrait(data, column, only, slices, shards.length === 1);
      for (const tally of tallies) await merge.take(tally);
    }
  }
  return merge.toTraits();
}
