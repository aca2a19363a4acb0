/**
 * Living profiles as records to be compared: one a profile, one field a trait. Read in slices, so writes go on meanwhile; who is who at
 * the end is looked up again by identifiers.
 */
import { joinPath } from '../../base/path.ts';
import type { RawValue } from '../../linkage/record-table.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import { valueAt } from '../../profile/survivorship.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Slices } from '../schema/slices.ts';

/** As many as can be compared. */
export const FIELD_COUNT_MAX = 16;
/** Names of traits that tell people apart. */
const PERSONAL =
  /name|surname|given|family|first|last|mail|phone|mobile|birth|dob|street|address|road|city|town|suburb|post.?code|zip|state|country|gender|company|passport|licen[cs]e|ssn/i;

export interface ProfileRecords {
  readonly fields: readonly string[];
  /** The identifier that named the profile, by record. */
  readonly names: readonly Identifier[];
  /** By record, in the order of the fields. */
  values(record: number): readonly RawValue[];
}

/** Errors: invalid_request, query_cancelled. */
export async function readRecords(
  shards: readonly Shard[],
  wanted: readonly string[] | undefined,
  slices: Slices,
  progress: (done: number, total: number) => void,
): Promise<ProfileRecords> {
  const fields = wanted ?? personalTraits(shards);
  checkFields(fields, shards);
  const total = shards.reduce((sum, { data }) => sum + data.profileCount, 0);
  const names: Identifier[] = [];
  const rows: RawValue[][] = [];
  for (const { data } of shards) {
    const columns = fields.map((field) => columnOf(data.profiles.traits, field));
    for (let row = 0; row < data.profiles.count; row++) {
      if (slices.isDue) {
        progress(names.length, total);
        await slices.pause();
      }
      if (data.isDead(row)) continue;
      names.push(data.identifiers.identifierOf(data.profiles.primaries.get(row)));
      rows.push(columns.map((column) => scalarAt(column, row)));
    }
  }
  progress(names.length, total);
  return { fields, names, values: (record) => rows[record] };
}

function columnOf(traits: readonly ValueColumn[], field: string): ValueColumn | undefined {
  return traits.find(({ segments }) => joinPath(segments) === field);
}

function scalarAt(column: ValueColumn | undefined, row: number): RawValue {
  const value = column === undefined ? undefined : valueAt(column, row);
  return typeof value === 'object' ? undefined : (value as RawValue);
}

/** Traits whose names look like personal data. */
function personalTraits(shards: readonly Shard[]): string[] {
  const found = new Set<string>();
  for (const { data } of shards) {
    for (const { segments, strings, numbers } of data.profiles.traits) {
      const name = joinPath(segments);
      if ((strings !== undefined || numbers !== undefined) && PERSONAL.test(name)) found.add(name);
    }
  }
  return [...found].sort().slice(0, FIELD_COUNT_MAX);
}

function checkFields(fields: readonly string[], shards: readonly Shard[]): void {
  if (fields.length === 0) {
    throw new EngineError(
      'invalid_request',
      'no trait looks like personal data; name the traits to compare by in "fields"',
    );
  }
  if (fields.length > FIELD_COUNT_MAX) {
    throw new EngineError('invalid_request', `${fields.length} fields; at most ${FIELD_COUNT_MAX} can be compared`);
  }
  for (const field of fields) {
    if (shards.some(({ data }) => columnOf(data.profiles.traits, field) !== undefined)) continue;
    throw new EngineError('invalid_request', `no profile has a trait ${JSON.stringify(field.slice(0, 64))}`);
  }
}
