/**
 * What this process' shards know for the catalogue, as plain data that can travel, in pages: a page ends with the column that made it large
 * enough, and the next goes on behind it. All pages in order say the same as one. Of one event every page looks at the same events.
 */
import type { SchemaNarrowing } from '../../model/schema.ts';
import type { Shard } from '../../shard/shard.ts';
import type { FieldPart, FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';
import { type EventHead, TableReading } from './table-reading.ts';
import { readTrait } from './trait-reading.ts';

const DEFAULT_PAGE_SIZE_BYTES = 4 * 2 ** 20;
/** Names, numbers and marks of a field, about. */
const FIELD_SIZE_BYTES = 256;
const VALUE_SIZE_BYTES = 24;

/** Counts are 0 on all pages of an event but its first, so that pages add up. */
export interface EventPart extends EventHead {
  readonly properties: readonly FieldPart[];
  readonly contexts: readonly FieldPart[];
}

export interface SchemaPart {
  /** 0 on all pages but the last. */
  readonly profiles: number;
  readonly events: readonly EventPart[];
  readonly traits: readonly FieldPart[];
  /** Where the next page begins; null = this is the last. */
  readonly next: SchemaPosition | null;
}

/** A column: by its place, of those of its stage. */
export interface SchemaPosition {
  readonly stage: 'events' | 'traits';
  readonly shard: number;
  /** 0 among traits. */
  readonly table: number;
  readonly isContext: boolean;
  readonly column: number;
  /** Events of the table that are read; −1 = all that there are when its reading begins. */
  readonly length: number;
}

export interface SchemaPage {
  /** Absent or null = the beginning. `TRAITS_START`: no events. */
  readonly from?: SchemaPosition | null | undefined;
  readonly sizeBytesMax?: number | undefined;
  /** There are no other shards anywhere: distinct texts are told by dictionaries, exactly. */
  readonly isWhole?: boolean | undefined;
}

const START: SchemaPosition = { stage: 'events', shard: 0, table: 0, isContext: false, column: 0, length: -1 };
export const TRAITS_START: SchemaPosition = { ...START, stage: 'traits' };

/** Profiles, and names of the events that somebody did, in the order of first sight. */
export interface SchemaOutline {
  readonly profiles: number;
  readonly events: readonly string[];
}

export function schemaOutline(shards: readonly Shard[]): SchemaOutline {
  const events = new Set<string>();
  for (const { data } of shards)
    for (const table of data.tables) if (table.livingEventCount > 0) events.add(table.name);
  return { profiles: profileCount(shards), events: [...events] };
}

/** With an event named only its fields are read; with a trait only that one, and what is below it. Errors: query_cancelled. */
export async function schemaPart(
  shards: readonly Shard[],
  slices: Slices,
  narrowing: SchemaNarrowing = {},
  page: SchemaPage = {},
): Promise<SchemaPart> {
  const filling = new Filling();
  const { sizeBytesMax = DEFAULT_PAGE_SIZE_BYTES } = page;
  for await (const next of columnsOf(shards, slices, narrowing, page, filling)) {
    if (filling.sizeBytes < sizeBytesMax) continue;
    return { profiles: 0, events: filling.events, traits: filling.traits, next };
  }
  return { profiles: profileCount(shards), events: filling.events, traits: filling.traits, next: null };
}

/** Reads one column after another into the page, and yields each time where the next one is. */
async function* columnsOf(
  shards: readonly Shard[],
  slices: Slices,
  { event, trait }: SchemaNarrowing,
  page: SchemaPage,
  filling: Filling,
): AsyncGenerator<SchemaPosition, void, void> {
  const isAll = event === undefined && trait === undefined;
  const isWhole = page.isWhole === true;
  /** Until the first column is found. */
  let from: SchemaPosition | undefined = page.from ?? undefined;
  if ((from?.stage ?? 'events') === 'events' && (isAll || event !== undefined)) {
    for (let s = from?.shard ?? 0; s < shards.length; s++) {
      const { data } = shards[s];
      for (let t = from?.table ?? 0; t < data.tables.length; t++) {
        if (slices.isDue) await slices.pause();
        const table = data.tables[t];
        // All who did it moved to other shards.
        const isWanted = table.livingEventCount > 0 && (event === undefined || table.name === event);
        const isContinued = from !== undefined && from.length >= 0;
        if (isWanted) {
          const reading = new TableReading(data, table, isContinued ? from?.length : undefined);
          const part = filling.event(reading.head, isContinued);
          const at = { stage: 'events', shard: s, table: t, length: reading.length } as const;
          if (from?.isContext !== true) {
            for (let c = from?.column ?? 0; c < table.properties.length; c++) {
              filling.add(part.properties, await reading.property(table.properties[c], slices, isWhole));
              yield { ...at, isContext: false, column: c + 1 };
            }
          }
          for (let c = from?.isContext === true ? from.column : 0; c < table.contexts.length; c++) {
            filling.add(part.contexts, await reading.context(table.contexts[c], slices, isWhole));
            yield { ...at, isContext: true, column: c + 1 };
          }
        }
        from = undefined;
      }
      from = undefined;
    }
    from = undefined;
  }
  if (!isAll && trait === undefined) return;
  for (let s = from?.shard ?? 0; s < shards.length; s++) {
    const { data } = shards[s];
    const { traits } = data.profiles;
    for (let c = from?.column ?? 0; c < traits.length; c++) {
      filling.add(filling.traits, await readTrait(data, traits[c], trait, slices, isWhole));
      yield { ...TRAITS_START, shard: s, column: c + 1 };
    }
    from = undefined;
  }
}

interface OpenEvent extends EventHead {
  readonly properties: FieldPart[];
  readonly contexts: FieldPart[];
}

/** The page while it is made. */
class Filling {
  readonly events: OpenEvent[] = [];
  readonly traits: FieldPart[] = [];
  sizeBytes = 0;

  event(head: EventHead, isContinued: boolean): OpenEvent {
    const { name, firstMs, lastMs } = head;
    const counted = isContinued ? { name, count: 0, profiles: 0, firstMs, lastMs, libraries: [] } : head;
    const part = { ...counted, properties: [], contexts: [] };
    this.events.push(part);
    this.sizeBytes += FIELD_SIZE_BYTES;
    return part;
  }

  add(parts: FieldPart[], tallies: readonly FieldTally[]): void {
    for (const tally of tallies) {
      const part = tally.toPart();
      parts.push(part);
      this.sizeBytes += sizeOf(part);
    }
  }
}

/** About what it takes on the way. */
function sizeOf({ name, distinct, values }: FieldPart): number {
  const distinctBytes = 'registers' in distinct ? distinct.registers.length : distinct.fingerprints.length;
  let sizeBytes = FIELD_SIZE_BYTES + name.length + distinctBytes + values.length * VALUE_SIZE_BYTES;
  for (const [value] of values) if (typeof value === 'string') sizeBytes += value.length;
  return sizeBytes;
}

function profileCount(shards: readonly Shard[]): number {
  return shards.reduce((sum, shard) => sum + shard.data.profileCount, 0);
}
