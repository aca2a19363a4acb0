/**
 * What a place in a query text needs of the data, as a question to the shards, and each shard's answer as plain data: names and values that fit
 * what was typed, bounded however much there is. Keywords and saved segments are known without them.
 */
import { splitPath } from '../../base/path.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { reachPath, reachProperty } from '../../query/binder/path-reach.ts';
import type { CompletionPlace } from '../../query/parser/completion-place.ts';
import type { Slot } from '../../query/parser/token-stream.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Slices } from '../schema/slices.ts';
import { eventNames, type NamesPart, propertyNames, traitNames } from './known-names.ts';
import { KnownValues, type ValuesPart } from './known-values.ts';

export interface CompletionAsk {
  /** Typed so far. */
  readonly typed: string;
  readonly limit: number;
  readonly slots: readonly SlotAsk[];
}

/** `event` null = of any. */
export type SlotAsk =
  | { readonly kind: 'trait' }
  | { readonly kind: 'event' }
  | { readonly kind: 'property'; readonly event: string | null }
  | { readonly kind: 'traitValue'; readonly trait: string }
  | { readonly kind: 'propertyValue'; readonly property: string; readonly event: string | null };

/** One shard's answers, in the order of the slots asked for. */
export interface CompletionPart {
  readonly slots: readonly (NamesPart | ValuesPart)[];
}

/** Undefined for what the shards are not needed for, or what does not go into the quotes that were opened. */
export function slotAsk(slot: Slot, { quote }: CompletionPlace): SlotAsk | undefined {
  const isText = quote === '"' || quote === "'";
  switch (slot.kind) {
    case 'trait':
      return isText ? undefined : { kind: 'trait' };
    case 'property':
      return isText ? undefined : { kind: 'property', event: slot.event ?? null };
    case 'event':
      return quote === '`' ? undefined : { kind: 'event' };
    case 'value': {
      if (quote === '`') return undefined;
      const { of } = slot;
      if ('trait' in of) return { kind: 'traitValue', trait: of.trait };
      return { kind: 'propertyValue', property: of.property, event: of.event ?? null };
    }
    default:
      return undefined;
  }
}

/** One part a shard, in slices. */
export async function completionParts(
  shards: readonly Shard[],
  ask: CompletionAsk,
  slices: Slices,
): Promise<readonly CompletionPart[]> {
  const parts: CompletionPart[] = [];
  for (const { data } of shards) {
    const slots: (NamesPart | ValuesPart)[] = [];
    for (const slot of ask.slots) {
      if (slices.isDue) await slices.pause();
      slots.push(await answerSlot(data, slot, ask, slices));
    }
    parts.push({ slots });
  }
  return parts;
}

async function answerSlot(
  data: ShardData,
  slot: SlotAsk,
  { typed, limit }: CompletionAsk,
  slices: Slices,
): Promise<NamesPart | ValuesPart> {
  switch (slot.kind) {
    case 'trait':
      return traitNames(data, typed, slices);
    case 'event':
      return eventNames(data, typed);
    case 'property':
      return propertyNames(data, slot.event ?? undefined, typed, slices);
    case 'traitValue': {
      const values = new KnownValues(typed, limit);
      values.addReach(reachPath(data.profiles.traits, splitPath(slot.trait)), data.profiles.count);
      return values.toPart();
    }
    case 'propertyValue': {
      const values = new KnownValues(typed, limit);
      const table = slot.event === null ? undefined : data.tableOf(slot.event);
      if (table === undefined) return values.toPart();
      const { properties, contexts } = reachProperty(table, slot.property);
      values.addReach(properties, table.eventCount);
      if (contexts !== undefined) values.addReach(contexts, table.eventCount);
      return values.toPart();
    }
  }
}
