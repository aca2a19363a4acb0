/**
 * `count_distinct`: per source one kernel picks the events that count and hold a value of a type; their values go into a hash
 * set. Texts are compared by number: the code where one dictionary holds them all, a common numbering where texts may
 * come from several places.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { TAG_BOOLEAN, TAG_NUMBER, TAG_TEXT } from '../index/scalar-tag.ts';
import type { Accumulator } from './accumulator.ts';
import type { Share } from './chunk-claim.ts';
import { type ElementView, elementOf, numberOfElement, viewChunk } from './column-image.ts';
import type { DistinctSource } from './distinct-input.ts';
import { KernelBuilder } from './kernel.ts';
import { filterOf, guarded, type MeasureScan, rowOf } from './measure-scan.ts';

const TAGS = { numbers: TAG_NUMBER, texts: TAG_TEXT, booleans: TAG_BOOLEAN } as const;

/** Rows go to workers in stretches of 1,024. */
const SHARE_SHIFT = 10;

let picked = new Uint32Array(0);
let rows = new Uint32Array(0);

export function collectDistinct(
  scan: MeasureScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  share: Share,
  accumulator: Accumulator,
): void {
  if (scan.measure.kind !== 'distinct' || (scan.isTotal && share.index > 0)) return;
  if (picked.length === 0) {
    picked = new Uint32Array(CHUNK_ROWS);
    rows = new Uint32Array(CHUNK_ROWS);
  }
  for (const source of scan.measure.sources) {
    const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
    const filter = filterOf({ ...scan, where: { kind: 'and', of: [scan.where, source.present] } }, builder);
    const view = filter === false ? undefined : viewChunk(slabs, source.image, chunk, builder.length);
    if (view === undefined) continue;
    const pick = `${builder.argument(picked)}[n]=i;${builder.argument(rows)}[n]=r;n++;`;
    const mine =
      share.count === 1 || scan.isTotal ? '' : `if((r>>>${SHARE_SHIFT})%${share.count}!==${share.index})continue;`;
    const body = guarded(filter, rowOf(scan, builder) + mine + pick);
    const count = builder.run(`let n=0;for(let i=0;i<${builder.argument(builder.length)};i++){${body}}return n;`);
    addPicked(source, view, elementOf(source.image, chunk), count, accumulator);
  }
}

function addPicked(
  source: DistinctSource,
  view: ElementView,
  element: number,
  count: number,
  accumulator: Accumulator,
): void {
  const { counts } = accumulator;
  const distinct = accumulator.distinct!;
  if (source.kind === 'array') {
    const { starts, tags, values } = source;
    for (let p = 0; p < count; p++) {
      const code = view[picked[p]];
      for (let s = starts[code]; s < starts[code + 1]; s++) {
        if (distinct.add(rows[p], tags[s], values[s])) counts[rows[p]] += 1;
      }
    }
    return;
  }
  const tag = TAGS[source.kind];
  const { numberOf } = source;
  for (let p = 0; p < count; p++) {
    const value = numberOfElement(element, view[picked[p]]);
    if (distinct.add(rows[p], tag, numberOf === undefined ? value : numberOf[value])) counts[rows[p]] += 1;
  }
}
