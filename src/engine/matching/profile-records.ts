/**
 * Living profiles as records to be compared: one a profile, one field a trait. Read in slices, so writes go on meanwhile; who is who at
 * the end is looked up again by identifiers. Profiles with none of the traits (most visitors) are left out: there is nothing to compare.
 *
 * Every record has a place that its profile's content alone decides, so what comes out is the same however profiles lie on shards.
 */
import { xxh32 } from '../../base/hash.ts';
import { joinPath } from '../../base/path.ts';
import type { RecordPlace } from '../../linkage/raw-records.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { Slices } from '../schema/slices.ts';
import { type TextSink, TraitReader } from './trait-reader.ts';

const PROFILES_PER_LOOK = 16;
const HASH_SEED = 0x6d61;
/** Of a number that is kept exactly: all of one hash, and so many values of another. */
const LOW_VALUES = 2 ** 21;

export interface RecordSink extends TextSink {
  /** One code a field. `name`: code of the identifier that names the profile. */
  addRecord(codes: ArrayLike<number>, place: RecordPlace, name: number): void;
}

export interface RowReading {
  readonly data: ShardData;
  readonly fields: readonly string[];
  readonly sink: RecordSink;
  readonly fromRow: number;
  readonly slices: Slices;
  /** Looked at between some profiles: what was read since is enough for now. */
  readonly isFull: () => boolean;
  /** Told of living profiles between two turns. */
  readonly onPause: (done: number) => void;
}

/** Gives the row to go on with, null at the end, and how many living profiles were looked at. Errors: query_cancelled. */
export async function readRows(
  reading: RowReading,
): Promise<{ readonly nextRow: number | null; readonly done: number }> {
  const { data, fields, sink, fromRow, slices, isFull, onPause } = reading;
  const { profiles } = data;
  const readers = fields.map((field, at) => {
    return new TraitReader(
      profiles.traits.find(({ segments }) => joinPath(segments) === field),
      sink,
      at,
    );
  });
  const codes = new Uint32Array(fields.length);
  let done = 0;
  for (let row = fromRow; row < profiles.count; row++) {
    if (row % PROFILES_PER_LOOK === 0) {
      if (isFull()) return { nextRow: row, done };
      if (slices.isDue) {
        onPause(done);
        await slices.pause();
      }
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
    const name = profiles.primaries.get(row);
    sink.addRecord(codes, placeOf(data, row, name), name);
  }
  return { nextRow: null, done };
}

/** Who was first seen earlier comes first; of the same moment it is as good as drawn. */
function placeOf({ profiles, identifiers }: ShardData, row: number, name: number): RecordPlace {
  const seed = seedOf(identifiers.typeOf(name));
  const { block, start, size } = identifiers.locate(name);
  const high = xxh32(block, start, size, seed);
  const low = xxh32(block, start, size, ~seed) % LOW_VALUES;
  return { timeMs: profiles.firstSeen.get(row), hash: high * LOW_VALUES + low };
}

/** By type, since the same value may name a visitor and a user; there are few types. */
const seeds = new Map<string, number>();

function seedOf(type: string): number {
  const known = seeds.get(type);
  if (known !== undefined) return known;
  const bytes = Buffer.from(type, 'utf8');
  const seed = xxh32(bytes, 0, bytes.length, HASH_SEED);
  seeds.set(type, seed);
  return seed;
}
