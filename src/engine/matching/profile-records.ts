/**
 * Living profiles as records to be compared: one a profile, one field a trait. Read in slices, so writes go on meanwhile; who is who at
 * the end is looked up again by identifiers. Profiles with none of the traits (most visitors) are left out: there is nothing to compare.
 */
import { joinPath } from '../../base/path.ts';
import type { RawRecordsBuilder } from '../../linkage/raw-records.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Slices } from '../schema/slices.ts';
import { personalRank } from './personal-trait.ts';
import { TraitReader } from './trait-reader.ts';

/** As many as can be compared. */
export const FIELD_COUNT_MAX = 16;
const PROFILES_PER_LOOK = 16;

/** Who a record is: 8 bytes each, since an identifier's code never changes. */
export class RecordNames {
  readonly #shards: readonly Shard[];
  #indexes = new Uint32Array(1_024);
  #codes = new Uint32Array(1_024);
  #count = 0;

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  get count(): number {
    return this.#count;
  }

  add(shardIndex: number, code: number): void {
    if (this.#count === this.#codes.length) {
      this.#indexes = doubled(this.#indexes);
      this.#codes = doubled(this.#codes);
    }
    this.#indexes[this.#count] = shardIndex;
    this.#codes[this.#count++] = code;
  }

  /** The identifier that named the profile when it was read. */
  of(record: number): Identifier {
    return this.#shards[this.#indexes[record]].data.identifiers.identifierOf(this.#codes[record]);
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}

/** The traits to compare by: those that were named, else those that look like personal data. Errors: invalid_request. */
export function fieldsOf(shards: readonly Shard[], wanted: readonly string[] | undefined): readonly string[] {
  const known = new Map<string, readonly string[]>();
  for (const { data } of shards) {
    for (const { segments } of data.profiles.traits) known.set(joinPath(segments), segments);
  }
  if (wanted === undefined) return personalTraits(shards);
  if (wanted.length === 0) throw new EngineError('invalid_request', '"fields" must name at least one trait');
  if (wanted.length > FIELD_COUNT_MAX) {
    throw new EngineError('invalid_request', `${wanted.length} fields; at most ${FIELD_COUNT_MAX} can be compared`);
  }
  if (new Set(wanted).size < wanted.length) {
    throw new EngineError('invalid_request', '"fields" names a trait twice');
  }
  const stranger = wanted.find((field) => !known.has(field));
  if (stranger === undefined) return wanted;
  throw new EngineError('invalid_request', `no profile has a trait ${JSON.stringify(stranger.slice(0, 64))}`);
}

function personalTraits(shards: readonly Shard[]): readonly string[] {
  const ranks = new Map<string, number>();
  for (const { data } of shards) {
    for (const { segments, strings, numbers } of data.profiles.traits) {
      const rank = strings === undefined && numbers === undefined ? undefined : personalRank(segments);
      if (rank !== undefined) ranks.set(joinPath(segments), rank);
    }
  }
  if (ranks.size === 0) {
    const message = 'no trait looks like personal data; name the traits to compare by in "fields"';
    throw new EngineError('invalid_request', message);
  }
  return [...ranks.keys()]
    .sort((a, b) => ranks.get(a)! - ranks.get(b)! || (a < b ? -1 : 1))
    .slice(0, FIELD_COUNT_MAX)
    .sort();
}

/** Errors: query_cancelled. */
export async function readRecords(
  shards: readonly Shard[],
  fields: readonly string[],
  builder: RawRecordsBuilder,
  slices: Slices,
  progress: (done: number, total: number) => void,
): Promise<RecordNames> {
  const total = shards.reduce((sum, { data }) => sum + data.profileCount, 0);
  const names = new RecordNames(shards);
  const codes = new Uint32Array(fields.length);
  let done = 0;
  for (const [index, { data }] of shards.entries()) {
    const { profiles } = data;
    const readers = fields.map((field, at) => {
      return new TraitReader(
        profiles.traits.find(({ segments }) => joinPath(segments) === field),
        builder,
        at,
      );
    });
    for (let row = 0; row < profiles.count; row++) {
      if (row % PROFILES_PER_LOOK === 0 && slices.isDue) {
        progress(Math.min(done, total), total);
        await slices.pause();
      }
      if (data.isDead(row)) continue;
      done += 1;
      let isEmpty = true;
      for (let field = 0; field < readers.length; field++) {
        const code = readers[field].codeAt(row);
        codes[field] = code;
        if (code !== 0) isEmpty = false;
      }
      if (isEmpty) continue;
      names.add(index, profiles.primaries.get(row));
      builder.addRecord(codes);
    }
  }
  progress(total, total);
  return names;
}
