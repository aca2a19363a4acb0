/**
 * Compiles a mapping over known columns into one function from a row to Segment-shaped items: an identify item for the
 * traits (beside an event left out when there are none, or the user's last row said the same) and a track item for the event. So
 * every row becomes something. All names are checked once, before the first row.
 */
import { createHash } from 'node:crypto';
import { EngineError } from '../../model/error.ts';
import { detectType, isBlank } from './cell.ts';
import { compileDateFormat } from './date-format.ts';
import { escapeName, type Field, readFields, splitPath } from './field.ts';
import type { Mapping } from './mapping.ts';
import { type Columns, type Read, SourceCompiler, splitType } from './source.ts';

export interface MappedRow {
  /** Decides the order-keeping lane: items of one user are sent one after the other. */
  readonly laneKey: string;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** Users whose last traits are remembered, to leave out repeats. Forgetting one costs an item, nothing else. */
const TRAITS_MEMORY_COUNT = 100_000;
/** Shorter traits are remembered as they are. */
const DIGEST_LENGTH_MIN = 128;

export class RowMapper<Row> {
  readonly #compiler: SourceCompiler<Row>;
  readonly #mapping: Mapping;
  readonly #parseDate: (text: string) => string;
  readonly #userId: Read<Row> | undefined;
  readonly #anonymousId: Read<Row> | undefined;
  readonly #event: Read<Row> | undefined;
  readonly #messageId: Read<Row> | undefined;
  readonly #timestamp: Read<Row> | undefined;
  readonly #skips: readonly Read<Row>[];
  readonly #properties: readonly Field<Row>[];
  readonly #traits: readonly Field<Row>[];
  readonly #lastTraits = new Map<string, string>();

  /** `sample` rows serve `auto`. Errors: invalid_mapping. */
  constructor(mapping: Mapping, columns: Columns<Row>, sample: readonly Row[]) {
    this.#mapping = mapping;
    this.#parseDate = compileDateFormat(mapping.timestampFormat ?? 'iso', mapping.timeZone ?? 'UTC');
    this.#compiler = new SourceCompiler(columns, this.#parseDate);
    const optional = (source: string | undefined, ...usual: string[]): Read<Row> | undefined => {
      const chosen = source ?? usual.find((name) => columns.names?.includes(name));
      return chosen === undefined ? undefined : this.#compiler.compile(chosen, 'text');
    };
    this.#userId = optional(mapping.userId, 'userId', 'user_id');
    this.#anonymousId = optional(mapping.anonymousId, 'anonymousId', 'anonymous_id');
    this.#messageId = optional(mapping.messageId, 'messageId', 'message_id');
    const event = mapping.event;
    this.#event = event === undefined ? optional(mapping.eventColumn, 'event') : () => event;
    this.#timestamp = optional(mapping.timestamp, 'timestamp');
    this.#skips = (mapping.skipIfEmpty ?? []).map((name) => this.#compiler.column(name));
    const named = { properties: { ...mapping.properties }, traits: { ...mapping.traits } };
    if (mapping.auto === true) this.#addAuto(this.#event === undefined ? named.traits : named.properties, sample);
    this.#properties = this.#fields(named.properties);
    this.#traits = this.#fields(named.traits);
    if (this.#userId === undefined && this.#anonymousId === undefined) {
      throw new EngineError(
        'invalid_mapping',
        `which column names the user? Give --user-id COLUMN${this.#compiler.known()}`,
      );
    }
    if (this.#event === undefined && this.#traits.length === 0) {
      const hint = 'Give --event NAME or --event-column COLUMN, or --trait for a file of people';
      throw new EngineError('invalid_mapping', `nothing to import from a row. ${hint}`);
    }
    if (this.#event === undefined && this.#properties.length > 0) {
      throw new EngineError(
        'invalid_mapping',
        'properties belong to an event: give --event NAME or --event-column COLUMN',
      );
    }
  }

  /** Undefined for a row that the mapping passes over. `messageKey` names the row for ever. Errors: those of one item. */
  map(row: Row, messageKey: (kind: 'identify' | 'track') => string): MappedRow | undefined {
    for (const read of this.#skips) if (isBlank(read(row))) return undefined;
    const userId = idText(this.#userId?.(row));
    const anonymousId =
      userId === undefined || this.#mapping.linkAnonymous === true ? idText(this.#anonymousId?.(row)) : undefined;
    const laneKey = userId ?? anonymousId;
    if (laneKey === undefined) {
      throw new EngineError(
        'missing_user',
        'the user id is blank; --anonymous-id COLUMN would take another for such rows',
      );
    }
    const timestamp = this.#timestamp === undefined ? undefined : this.#parseDate(idText(this.#timestamp(row)) ?? '');
    const ids = { userId, anonymousId, timestamp };
    const ownId = idText(this.#messageId?.(row));
    const items: Record<string, unknown>[] = [];
    const traits = readFields(this.#traits, row);
    if (this.#event === undefined || (traits !== undefined && this.#isNewTraits(laneKey, traits))) {
      const messageId = ownId === undefined ? messageKey('identify') : `${ownId}:identify`;
      items.push({ type: 'identify', messageId, ...ids, traits });
    }
    if (this.#event !== undefined) {
      const event = idText(this.#event(row));
      if (event === undefined) throw new EngineError('missing_event', 'the name of the event is blank');
      const properties = readFields(this.#properties, row) ?? {};
      items.push({ type: 'track', messageId: ownId ?? messageKey('track'), ...ids, event, properties });
    }
    return { laneKey, items };
  }

  #isNewTraits(user: string, traits: object): boolean {
    const text = JSON.stringify(traits);
    const digest = text.length <= DIGEST_LENGTH_MIN ? text : createHash('sha1').update(text).digest('base64');
    if (this.#lastTraits.get(user) === digest) return false;
    if (this.#lastTraits.size >= TRAITS_MEMORY_COUNT) this.#lastTraits.clear();
    this.#lastTraits.set(user, digest);
    return true;
  }

  #addAuto(target: Record<string, string>, sample: readonly Row[]): void {
    const { names } = this.#compiler.columns;
    if (names === undefined) {
      throw new EngineError('invalid_mapping', 'auto is for CSV: the values of NDJSON have types and names already');
    }
    const mapping = this.#mapping;
    const used = [mapping.userId, mapping.anonymousId, mapping.eventColumn, mapping.messageId, mapping.timestamp]
      .concat(Object.values(mapping.properties ?? {}), Object.values(mapping.traits ?? {}))
      .flatMap((source) => (source === undefined ? [] : [source, splitType(source)[0]]))
      .concat('userId', 'user_id', 'anonymousId', 'anonymous_id', 'messageId', 'message_id', 'timestamp', 'event');
    for (const name of names) {
      if (name === '' || used.includes(name) || Object.hasOwn(target, name)) continue;
      const type = detectType(sample.map(this.#compiler.column(name)));
      target[escapeName(name)] = `${name}:${type === 'text' ? type : `likely-${type}`}`;
    }
  }

  #fields(sources: Readonly<Record<string, string>>): Field<Row>[] {
    return Object.entries(sources).map(([name, source]) => ({
      path: splitPath(name),
      read: this.#compiler.compile(source),
    }));
  }
}

function idText(value: unknown): string | undefined {
  if (isBlank(value)) return undefined;
  return typeof value === 'string' ? value.trim() : String(value);
}
