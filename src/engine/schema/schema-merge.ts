/**
 * Columns that were read at several places → the catalogue. Given in the order of the shards, and each shard's in the order of its
 * columns, the outcome is the same whoever read them and in however many parts. Whoever is the first to have a field gives it its place among equals.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { EventSchema, FieldSchema, Schema } from '../../model/schema.ts';
import { PATH_COUNT_MAX } from './array-paths.ts';
import { type FieldPart, FieldTally } from './field-tally.ts';
import type { EventPart, SchemaPart } from './schema-part.ts';
import type { Slices } from './slices.ts';
import { callOf, type EventHead, SOURCE_COUNT_MAX } from './table-reading.ts';
import { TRAIT_SOURCE } from './trait-reading.ts';

/** Fields by name, of one event or of people. */
export class FieldMerge {
  readonly #fields = new Map<string, FieldTally>();
  readonly #slices: Slices;
  #insideCount = 0;

  constructor(slices: Slices) {
    this.#slices = slices;
  }

  /** The tally is the merge's from here on. */
  async take(tally: FieldTally): Promise<void> {
    const before = this.#fields.get(tally.name);
    if (before !== undefined) await before.add(tally.toPart(), this.#slices);
    else if (this.#hasRoom(tally.isInside)) this.#fields.set(tally.name, tally);
  }

  async add(part: FieldPart): Promise<void> {
    let tally = this.#fields.get(part.name);
    if (tally === undefined) {
      if (!this.#hasRoom(part.isInside)) return;
      tally = new FieldTally(part.name, part.isInside);
      this.#fields.set(part.name, tally);
    }
    await tally.add(part, this.#slices);
  }

  #hasRoom(isInside: boolean): boolean {
    if (isInside) this.#insideCount += 1;
    return !isInside || this.#insideCount <= PATH_COUNT_MAX;
  }

  /** In the order of first sight. */
  toSchema(source: string): FieldSchema[] {
    const tallies = [...this.#fields.values()];
    for (const tally of tallies) tally.sources.add(source);
    return tallies.map((tally) => tally.toSchema()).filter((field) => field.types.length > 0);
  }

  /** What people have, the most usual first. */
  toTraits(): readonly FieldSchema[] {
    return this.toSchema(TRAIT_SOURCE).sort((a, b) => b.count - a.count);
  }
}

/** One event. */
export class EventMerge {
  readonly properties: FieldMerge;
  readonly contexts: FieldMerge;
  readonly #name: string;
  readonly #libraries = new Set<string>();
  #count = 0;
  #profiles = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, slices: Slices) {
    this.#name = name;
    this.properties = new FieldMerge(slices);
    this.contexts = new FieldMerge(slices);
  }

  see({ count, profiles, firstMs, lastMs, libraries }: EventHead): void {
    this.#count += count;
    this.#profiles += profiles;
    this.#firstMs = Math.min(this.#firstMs, firstMs);
    this.#lastMs = Math.max(this.#lastMs, lastMs);
    for (const library of libraries) this.#libraries.add(library);
  }

  async add(part: EventPart): Promise<void> {
    this.see(part);
    for (const field of part.properties) await this.properties.add(field);
    for (const field of part.contexts) await this.contexts.add(field);
  }

  toSchema(): EventSchema {
    const call = callOf(this.#name);
    return {
      name: this.#name,
      count: this.#count,
      profiles: this.#profiles,
      firstAt: Number.isFinite(this.#firstMs) ? formatIsoDate(this.#firstMs) : null,
      lastAt: Number.isFinite(this.#lastMs) ? formatIsoDate(this.#lastMs) : null,
      sources: [call, ...this.#libraries].slice(0, SOURCE_COUNT_MAX),
      properties: [...this.properties.toSchema(call), ...this.contexts.toSchema(call)],
    };
  }
}

/** The most frequent first; at equal counts those that came first. */
export function inOrder(events: readonly EventSchema[]): readonly EventSchema[] {
  return [...events].sort((a, b) => b.count - a.count);
}

/** `parts`: all pages of the first shard, then those of the next. Works in slices. */
export async function mergeSchema(parts: readonly SchemaPart[], slices: Slices): Promise<Schema> {
  const events = new Map<string, EventMerge>();
  const traits = new FieldMerge(slices);
  let profiles = 0;
  for (const part of parts) {
    profiles += part.profiles;
    for (const event of part.events) {
      let merge = events.get(event.name);
      if (merge === undefined) {
        merge = new EventMerge(event.name, slices);
        events.set(event.name, merge);
      }
      await merge.add(event);
    }
    for (const trait of part.traits) await traits.add(trait);
  }
  return {
    profiles,
    events: inOrder([...events.values()].map((event) => event.toSchema())),
    traits: traits.toTraits(),
  };
}
