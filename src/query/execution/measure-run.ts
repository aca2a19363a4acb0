/**
 * Runs a measuring scan: per chunk one kernel that tests and adds up. Chunks outside the window are never looked at; a chunk
 * wholly inside it has no time test. Each worker adds into arrays of its own, merged at the end (`accumulator.ts`).
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { Accumulator } from './accumulator.ts';
import { ChunkClaim, type Share, WHOLE } from './chunk-claim.ts';
import { elementOf, numberText, presenceText } from './column-image.ts';
import { collectDistinct } from './distinct-scan.ts';
import { KernelBuilder } from './kernel.ts';
import { filterOf, guarded, type MeasureScan, type NumberInput, rowOf } from './measure-scan.ts';
import { programCostNs } from './program-cost.ts';

/** Of an element without conditions, and of a value that goes into a set. */
const ELEMENT_NS = 1.5;
const DISTINCT_NS = 100;

/** Yields after each chunk what it is estimated to have cost. */
export function* measureSteps(
  scan: MeasureScan,
  slabs: readonly SharedArrayBuffer[],
  share: Share,
): Generator<number, Accumulator, void> {
  const accumulator = new Accumulator(scan.measure, scan.rowCount);
  const { kind } = scan.measure;
  const chunkNs = chunkCostNs(scan);
  if (kind === 'distinct') {
    // Every worker walks all chunks and takes its share of the rows: sets of values need no merging then.
    const claim = new ChunkClaim(scan.chunks, scan.control, true, WHOLE);
    for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
      collectDistinct(scan, slabs, chunk, share, accumulator);
      yield chunkNs;
    }
    return accumulator;
  }
  const claim = new ChunkClaim(
    scan.chunks,
    scan.control,
    kind === 'sum' || kind === 'avg' || kind === 'purchases',
    share,
  );
  for (let chunk = claim.next(); chunk >= 0; chunk = claim.next()) {
    scanChunk(scan, slabs, chunk, accumulator);
    yield chunkNs;
  }
  return accumulator;
}

function chunkCostNs({ measure, where }: MeasureScan): number {
  const sourceCount = 'sources' in measure ? measure.sources.length : 'inputs' in measure ? measure.inputs.length : 1;
  const elementNs = ELEMENT_NS + programCostNs(where) + sourceCount * (measure.kind === 'distinct' ? DISTINCT_NS : 1);
  return elementNs * CHUNK_ROWS;
}

function scanChunk(
  scan: MeasureScan,
  slabs: readonly SharedArrayBuffer[],
  chunk: number,
  accumulator: Accumulator,
): void {
  const builder = new KernelBuilder(slabs, chunk, scan.elementCount);
  const filter = filterOf(scan, builder);
  if (filter === false) return;
  const step = stepOf(scan, builder, accumulator);
  if (step === '') return;
  builder.run(
    `for(let i=0;i<${builder.argument(builder.length)};i++){${guarded(filter, rowOf(scan, builder) + step)}}return 0;`,
  );
}

/** What element `i` adds to row `r`. */
function stepOf(scan: MeasureScan, builder: KernelBuilder, accumulator: Accumulator): string {
  const { measure } = scan;
  switch (measure.kind) {
    case 'count': {
      const counts = builder.argument(accumulator.counts);
      const cap = builder.argument(measure.cap);
      if (measure.cap > 0xffff) return `const c=${counts}[r];if(c<${cap})${counts}[r]=c+1;`;
      // The sign of c − cap, so that no branch hangs on how far the row has come.
      return `const c=${counts}[r];${counts}[r]=c+((c-${cap})>>>31);`;
    }
    case 'first':
    case 'last': {
      const time = builder.time(scan.times!);
      const times = builder.argument(accumulator.values);
      const isBetter = measure.kind === 'first' ? `t<${times}[r]` : `t>=${times}[r]`;
      const index = `${builder.argument(accumulator.indexes)}[r]=${builder.argument(builder.firstIndex)}+i`;
      return guarded(builder.term(measure.present), `const t=${time};if(${isBetter}){${times}[r]=t;${index};}`);
    }
    case 'distinct':
      return '';
    case 'purchases': {
      const time = builder.time(scan.times!);
      const latest = builder.argument(accumulator.latest);
      const sums = measure.inputs.map((input) => numberStep('sum', input, builder, accumulator)).join('');
      return `${builder.argument(accumulator.counts)}[r]+=1;const t=${time};if(t>${latest}[r])${latest}[r]=t;${sums}`;
    }
    default:
      return measure.inputs.map((input) => numberStep(measure.kind, input, builder, accumulator)).join('');
  }
}

/** What the number of element `i`, where it has one, does to row `r`. */
export function numberStep(
  kind: 'sum' | 'avg' | 'min' | 'max',
  input: NumberInput,
  builder: KernelBuilder,
  accumulator: Pick<Accumulator, 'values' | 'counts'>,
): string {
  const view = builder.view(input.image);
  if (view === undefined) return '';
  const values = builder.argument(accumulator.values);
  const counts = kind === 'avg' ? builder.argument(accumulator.counts) : '';
  if (input.kind === 'array') {
    const { sums, counts: sizes, mins, maxs } = input.summary;
    const x = `${builder.argument(kind === 'min' ? mins : kind === 'max' ? maxs : sums)}[k]`;
    const size = `${builder.argument(sizes)}[k]`;
    const step = `const k=${view}[i];if(${size}!==0){const x=${x};${addition(kind, values)}${counts === '' ? '' : `${counts}[r]+=${size};`}}`;
    return `{${guarded(builder.term(input.guard), step)}}`;
  }
  const element = elementOf(input.image, builder.chunk);
  const add = `const x=${numberText(element, 'k')};${addition(kind, values)}${counts === '' ? '' : `${counts}[r]+=1;`}`;
  const step = `const k=${view}[i];if(${presenceText(element, 'k')}){${add}}`;
  return `{${guarded(builder.term(input.guard), step)}}`;
}

function addition(kind: 'sum' | 'avg' | 'min' | 'max', values: string): string {
  if (kind === 'min') return `if(x<${values}[r])${values}[r]=x;`;
  return kind === 'max' ? `if(x>${values}[r])${values}[r]=x;` : `${values}[r]+=x;`;
}
