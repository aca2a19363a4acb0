/**
 * Records on their way from a shard to the one that compares: some thousand at a time, each with its place and the identifier that names it.
 * A page stands for itself: its texts are numbered within it, and whoever sends it remembers nothing.
 */
import { readRows } from '../../engine/matching/profile-records.ts';
import type { Slices } from '../../engine/schema/slices.ts';
import type { RawRecordsBuilder, RecordPlace } from '../../linkage/raw-records.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { GatheredNames } from './gathered-names.ts';
import { type PackedTexts, TextPacker } from './packed-texts.ts';

const RECORD_COUNT_MAX = 4_096;
/** Full from here on; what comes over it is a record and the look at some more. */
const TEXT_BYTES_MAX = 256 * 1_024;

export interface RecordPage {
  /** By field. */
  readonly texts: readonly PackedTexts[];
  /** By record, one a field; 0 = missing, else the place of its text and 1. */
  readonly codes: Uint32Array;
  readonly times: Float64Array;
  readonly hashes: Float64Array;
  /** Types of identifiers that name records, and by record which. */
  readonly types: readonly string[];
  readonly typeOf: Uint16Array;
  readonly names: PackedTexts;
  /** Living profiles that were looked at. */
  readonly done: number;
  /** To go on with; null at the end. */
  readonly nextRow: number | null;
}

/** Errors: query_cancelled. */
export async function recordPage(
  data: ShardData,
  fields: readonly string[],
  fromRow: number,
  slices: Slices,
): Promise<RecordPage> {
  const texts = fields.map(() => new TextPacker());
  const names = new TextPacker();
  const codes: number[] = [];
  const places: RecordPlace[] = [];
  const types: string[] = [];
  const typeOf: number[] = [];
  let sizeBytes = 0;
  const sink = {
    addText: (field: number, bytes: Uint8Array, start: number, size: number) => {
      sizeBytes += size;
      return texts[field].add(bytes, start, size);
    },
    addRecord: (given: ArrayLike<number>, place: RecordPlace, name: number) => {
      for (let field = 0; field < given.length; field++) codes.push(given[field]);
      places.push(place);
      const type = data.identifiers.typeOf(name);
      if (!types.includes(type)) types.push(type);
      typeOf.push(types.indexOf(type));
      const { block, start, size } = data.identifiers.locate(name);
      sizeBytes += size;
      names.add(block, start, size);
    },
  };
  const isFull = (): boolean => places.length >= RECORD_COUNT_MAX || sizeBytes >= TEXT_BYTES_MAX;
  const { nextRow, done } = await readRows({ data, fields, sink, fromRow, slices, isFull, onPause: () => undefined });
  return {
    texts: texts.map((packer) => packer.finish()),
    codes: Uint32Array.from(codes),
    times: Float64Array.from(places, ({ timeMs }) => timeMs),
    hashes: Float64Array.from(places, ({ hash }) => hash),
    types,
    typeOf: Uint16Array.from(typeOf),
    names: names.finish(),
    done,
    nextRow,
  };
}

/** Adds the page's records, in their order. */
export function takePage(page: RecordPage, fieldCount: number, builder: RawRecordsBuilder, names: GatheredNames): void {
  const { texts, codes, times, hashes, types, typeOf } = page;
  const known = texts.map(({ bytes, ends }, field) => {
    return Uint32Array.from(ends, (end, i) => {
      const start = i === 0 ? 0 : ends[i - 1];
      return builder.addText(field, bytes, start, end - start);
    });
  });
  const given = new Uint32Array(fieldCount);
  for (let record = 0; record < times.length; record++) {
    for (let field = 0; field < fieldCount; field++) {
      const code = codes[record * fieldCount + field];
      given[field] = code === 0 ? 0 : known[field][code - 1];
    }
    builder.addRecord(given, { timeMs: times[record], hash: hashes[record] });
    const { bytes, ends } = page.names;
    const start = record === 0 ? 0 : ends[record - 1];
    names.add(types[typeOf[record]], bytes, start, ends[record] - start);
  }
}
