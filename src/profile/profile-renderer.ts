/**
 * A profile as JSON bytes, straight from the columns: no object is made. The usual form (everything, no events) is cached.
 */
import { formatIsoDate } from '../base/iso-date.ts';
import { JsonWriter } from '../base/json-writer.ts';
import { splitPath } from '../base/path.ts';
import type { LookupOptions } from '../model/profile.ts';
import type { EventTable } from './event-table.ts';
import type { ShardData } from './shard-data.ts';
import { newestEvents } from './timeline.ts';
import type { ValueColumn } from './value-column.ts';
import { ValueTree } from './value-tree.ts';

const TOP_LEVEL = new Set(['id', 'identifiers', 'traits', 'first_seen', 'last_seen', 'counts', 'segments', 'events']);

const COLON = 0x3a;

export class ProfileRenderer {
  readonly #data: ShardData;
  readonly #writer = new JsonWriter();
  readonly #traits: ValueTree;
  /** By type id: the quote and the type, escaped. */
  readonly #typeTexts: (Buffer | undefined)[] = [];
  readonly #trees = new Map<EventTable, { properties: ValueTree; contexts: ValueTree; name: string }>();
  // Result of the last render.
  bytes: Uint8Array = this.#writer.bytes;
  start = 0;
  end = 0;

  constructor(data: ShardData) {
    this.#data = data;
    this.#traits = new ValueTree(data.profiles.traits);
  }

  /** Sets `bytes`, `start`, `end`; valid until the next render. */
  render(row: number, options?: LookupOptions): void {
    const isUsual = options === undefined || (options.fields === undefined && !(options.events! > 0));
    if (isUsual) {
      const cache = this.#data.cache;
      if (cache.find(row)) {
        this.bytes = cache.bytes;
        this.start = cache.start;
        this.end = cache.end;
        return;
      }
    }
    const writer = this.#writer;
    writer.reset();
    this.write(writer, row, options);
    this.bytes = writer.bytes;
    this.start = 0;
    this.end = writer.length;
    if (isUsual) this.#data.cache.store(row, writer.bytes, 0, writer.length);
  }

  write(writer: JsonWriter, row: number, options: LookupOptions = {}): void {
    const { profiles } = this.#data;
    const fields = options.fields === undefined ? undefined : new FieldFilter(options.fields);
    const has = (name: string): boolean => fields === undefined || fields.hasTop(name);
    writer.ascii('{"id":');
    this.writeId(writer, row);
    if (has('identifiers')) {
      writer.ascii(',"identifiers":');
      this.#writeIdentifiers(writer, row);
    }
    if (has('traits')) {
      writer.ascii(',"traits":');
      this.#traits.write(writer, row);
    } else if (fields!.hasTraits) {
      writer.ascii(',"traits":');
      this.#traits.write(writer, row, (column) => fields!.keeps(column));
    }
    if (has('first_seen')) writer.ascii(`,"first_seen":"${formatIsoDate(profiles.firstSeen.get(row))}"`);
    if (has('last_seen')) writer.ascii(`,"last_seen":"${formatIsoDate(profiles.lastSeen.get(row))}"`);
    if (has('counts')) {
      writer.ascii(',"counts":');
      this.#writeCounts(writer, row);
    }
    if (has('segments')) writer.ascii(',"segments":[]');
    const eventLimit = options.events ?? 0;
    if (eventLimit > 0) {
      writer.ascii(',"events":');
      this.#writeEvents(writer, row, eventLimit);
    }
    writer.byte(0x7d);
  }

  /** The profile's name outside: its user_id, or `type:value` of its first identifier. */
  writeId(writer: JsonWriter, row: number): void {
    const { identifiers, profiles } = this.#data;
    const code = profiles.primaries.get(row);
    if (identifiers.typeIdOf(code) === 0) {
      const heap = identifiers.locate(code);
      writer.text(heap.block, heap.start, heap.size);
    } else {
      this.#writeTypedId(writer, code);
    }
  }

  /** `"type:value"`: the type is escaped once, the value is copied from where it lies. */
  #writeTypedId(writer: JsonWriter, code: number): void {
    const { identifiers } = this.#data;
    const typeId = identifiers.typeIdOf(code);
    let type = this.#typeTexts[typeId];
    if (type === undefined) {
      type = Buffer.from(JSON.stringify(identifiers.typeOf(code)).slice(0, -1));
      this.#typeTexts[typeId] = type;
    }
    for (let i = 0; i < type.length; i++) writer.byte(type[i]);
    const at = writer.length;
    const heap = identifiers.locate(code);
    writer.text(heap.block, heap.start, heap.size);
    // The value's own quote becomes the colon.
    writer.bytes[at] = COLON;
  }

  idOf(row: number): string {
    const { identifiers, profiles } = this.#data;
    const code = profiles.primaries.get(row);
    const value = identifiers.valueOf(code);
    return identifiers.typeIdOf(code) === 0 ? value : `${identifiers.typeOf(code)}:${value}`;
  }

  /** The identifier that names the profile first, then the others in the order they came. */
  #writeIdentifiers(writer: JsonWriter, row: number): void {
    const { identifiers, profiles } = this.#data;
    const primary = profiles.primaries.get(row);
    const codes: number[] = [];
    for (let code = profiles.identifierHeads.get(row); code !== 0; code = identifiers.nextOf(code)) {
      if (code !== primary) codes.push(code);
    }
    codes.push(primary);
    writer.byte(0x5b);
    for (let i = codes.length - 1; i >= 0; i--) {
      const code = codes[i];
      if (i < codes.length - 1) writer.byte(0x2c);
      writer.ascii('{"type":');
      writer.string(identifiers.typeOf(code));
      writer.ascii(',"value":');
      const heap = identifiers.locate(code);
      writer.text(heap.block, heap.start, heap.size);
      writer.byte(0x7d);
    }
    writer.byte(0x5d);
  }

  #writeCounts(writer: JsonWriter, row: number): void {
    writer.byte(0x7b);
    const participants = this.#data.participantsOf(row);
    for (let i = participants.length - 1; i >= 0; i--) {
      const { table, slot } = participants[i];
      if (i < participants.length - 1) writer.byte(0x2c);
      writer.string(table.name);
      writer.byte(0x3a);
      writer.number(table.countAt(slot));
    }
    writer.byte(0x7d);
  }

  #writeEvents(writer: JsonWriter, row: number, limit: number): void {
    writer.byte(0x5b);
    newestEvents(this.#data, row, limit).forEach(({ table, index, timeMs }, i) => {
      if (i > 0) writer.byte(0x2c);
      const trees = this.#treesOf(table);
      writer.ascii('{"event":');
      writer.string(table.name);
      writer.ascii(`,"timestamp":"${formatIsoDate(timeMs)}","properties":`);
      trees.properties.write(writer, index);
      writer.ascii(',"messageId":');
      writer.string(table.messageIds.text(index));
      if (table.contexts.length > 0) {
        const mark = writer.length;
        writer.ascii(',"context":');
        if (trees.contexts.write(writer, index) === 0) writer.length = mark;
      }
      writer.byte(0x7d);
    });
    writer.byte(0x5d);
  }

  #treesOf(table: EventTable): { properties: ValueTree; contexts: ValueTree } {
    let trees = this.#trees.get(table);
    if (trees === undefined) {
      trees = {
        properties: new ValueTree(table.properties),
        contexts: new ValueTree(table.contexts),
        name: table.name,
      };
      this.#trees.set(table, trees);
    }
    return trees;
  }
}

/** `fields` of a lookup: names of top-level parts, and trait paths (which keep what is below them). */
export class FieldFilter {
  readonly #top = new Set<string>();
  readonly #paths: string[][] = [];

  constructor(fields: readonly string[]) {
    for (const field of fields) {
      if (TOP_LEVEL.has(field)) this.#top.add(field);
      else {
        const segments = splitPath(field);
        this.#paths.push(segments[0] === 'traits' && segments.length > 1 ? segments.slice(1) : segments);
      }
    }
  }

  get hasTraits(): boolean {
    return this.#paths.length > 0;
  }

  hasTop(name: string): boolean {
    return this.#top.has(name);
  }

  keeps(column: ValueColumn): boolean {
    return this.#paths.some((path) => path.every((segment, i) => column.segments[i] === segment));
  }
}
