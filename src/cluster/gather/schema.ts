/**
 * The catalogue of all shards, gathered event by event and page by page, so that no process ever holds more than one event's fields, or
 * those of people, and one page a shard. The same as the engine in one process tells of the same shards.
 */
import { EventMerge, FieldMerge, inOrder } from '../../engine/schema/schema-merge.ts';
import { type SchemaOutline, type SchemaPage, type SchemaPart, TRAITS_START } from '../../engine/schema/schema-part.ts';
import type { Slices } from '../../engine/schema/slices.ts';
import type { EventSchema, FieldSchema, Schema, SchemaNarrowing } from '../../model/schema.ts';

export interface SchemaShards {
  readonly count: number;
  /** `schemaOutline` of every shard, in their order. */
  outlines(): Promise<readonly SchemaOutline[]>;
  /** `schemaPart` of one shard. */
  part(shard: number, narrowing: SchemaNarrowing, page: SchemaPage): Promise<SchemaPart>;
}

/** Errors: query_cancelled, and those of asking. */
export async function gatherSchema(
  shards: SchemaShards,
  slices: Slices,
  narrowing: SchemaNarrowing = {},
): Promise<Schema> {
  const { event, trait } = narrowing;
  const isAll = event === undefined && trait === undefined;
  const outlines = await shards.outlines();
  const profiles = outlines.reduce((sum, outline) => sum + outline.profiles, 0);
  const names = event !== undefined ? [event] : isAll ? new Set(outlines.flatMap((outline) => outline.events)) : [];
  const events: EventSchema[] = [];
  for (const name of names) {
    // Who does not have it is not asked.
    const owners = outlines.flatMap((outline, shard) => (outline.events.includes(name) ? [shard] : []));
    if (owners.length > 0) events.push(await gatherEvent(shards, owners, name, slices));
  }
  const traits = isAll || trait !== undefined ? await gatherTraits(shards, trait, slices) : [];
  return { profiles, events: inOrder(events), traits };
}

async function gatherEvent(
  shards: SchemaShards,
  owners: readonly number[],
  name: string,
  slices: Slices,
): Promise<EventSchema> {
  const merge = new EventMerge(name, slices);
  await eachPage(shards, owners, { event: name }, {}, slices, async (part) => {
    for (const event of part.events) await merge.add(event);
  });
  return merge.toSchema();
}

async function gatherTraits(
  shards: SchemaShards,
  trait: string | undefined,
  slices: Slices,
): Promise<readonly FieldSchema[]> {
  const merge = new FieldMerge(slices);
  const owners = Array.from({ length: shards.count }, (_, shard) => shard);
  await eachPage(shards, owners, { trait }, { from: TRAITS_START }, slices, async (part) => {
    for (const field of part.traits) await merge.add(field);
  });
  return merge.toTraits();
}

/** All first pages are asked for at once, and taken in the order of the shards: that is what makes the outcome one. */
async function eachPage(
  shards: SchemaShards,
  owners: readonly number[],
  narrowing: SchemaNarrowing,
  start: SchemaPage,
  slices: Slices,
  take: (part: SchemaPart) => Promise<void>,
): Promise<void> {
  const isWhole = shards.count === 1;
  const firsts = await Promise.all(owners.map((shard) => shards.part(shard, narrowing, { ...start, isWhole })));
  for (const [i, first] of firsts.entries()) {
    for (let part = first; ; ) {
      await take(part);
      if (slices.isDue) await slices.pause();
      if (part.next === null) break;
      part = await shards.part(owners[i], narrowing, { from: part.next, isWhole });
    }
  }
}
