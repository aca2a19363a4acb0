/**
 * What a dimension of a breakdown says of each element, as a number: its _slot_. 0 is missing; each source of values has its own
 * stretch of slots by code, numbers come last, in the order in which they are first met. What a slot stands for (a value, or the several
 * values of an array) is for whoever described the dimension to tell.
 */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { type CalendarPeriods, periodText } from './calendar-periods.ts';
import { type ColumnImage, elementOf, numberText, presenceText } from './column-image.ts';
import { NumberNumbering } from './group-numbering.ts';
import { KernelBuilder } from './kernel.ts';
import { guarded } from './measure-scan.ts';
import type { Program } from './program.ts';

/** `codes`: slot = base + code. `numbers`: slot = `numberBase` of the dimension + number of the value. */
export interface SlotSource {
  readonly kind: 'codes' | 'numbers';
  readonly guard: Program;
  readonly image: ColumnImage;
  readonly base: number;
}

/** `isOfProfile`: columns are by profile row, whatever the elements are. */
export type SlotDimension =
  | {
      readonly kind: 'values';
      readonly isOfProfile: boolean;
      readonly sources: readonly SlotSource[];
      readonly numberBase: number;
    }
  | { readonly kind: 'period'; readonly calendar: CalendarPeriods; readonly times: ColumnImage }
  /** Each profile is a slot of its own: its row. */
  | { readonly kind: 'row'; readonly rowCount: number };

const EVERY = Uint32Array.from({ length: CHUNK_ROWS }, (_, i) => i);

export class SlotReader {
  readonly dimension: SlotDimension;
  readonly numbers = new NumberNumbering();
  readonly #slabs: readonly SharedArrayBuffer[];
  readonly #elementCount: number;
  /** By row, where elements are events and the dimension is of their profiles. */
  readonly #byRow: Uint32Array | undefined;

  constructor(
    dimension: SlotDimension,
    slabs: readonly SharedArrayBuffer[],
    counts: { readonly elementCount: number; readonly rowCount: number; readonly isOfEvents: boolean },
  ) {
    this.dimension = dimension;
    this.#slabs = slabs;
    this.#elementCount = counts.elementCount;
    if (dimension.kind !== 'values' || !dimension.isOfProfile || !counts.isOfEvents) return;
    const slots = new Uint32Array(counts.rowCount);
    for (let chunk = 0; chunk * CHUNK_ROWS < counts.rowCount; chunk++) {
      const first = chunk * CHUNK_ROWS;
      const end = Math.min(first + CHUNK_ROWS, counts.rowCount);
      this.#fill(chunk, EVERY, end - first, counts.rowCount, slots.subarray(first, end));
    }
    this.#byRow = slots;
  }

  /** Slots so far; undefined while they may still become more. */
  get size(): number | undefined {
    const { dimension } = this;
    if (dimension.kind === 'period') return dimension.calendar.starts.length + 1;
    if (dimension.kind === 'row') return dimension.rowCount;
    if (dimension.sources.some(({ kind }) => kind === 'numbers') && this.#byRow === undefined) return undefined;
    return dimension.numberBase + this.numbers.count;
  }

  /** Slots of the picked elements of a chunk. */
  read(chunk: number, picked: Uint32Array, rows: Uint32Array, count: number, slots: Uint32Array): void {
    const byRow = this.#byRow;
    if (this.dimension.kind === 'row') slots.set(rows.subarray(0, count));
    else if (byRow === undefined) this.#fill(chunk, picked, count, this.#elementCount, slots);
    else for (let n = 0; n < count; n++) slots[n] = byRow[rows[n]];
  }

  #fill(chunk: number, picked: Uint32Array, count: number, total: number, slots: Uint32Array): void {
    const { dimension } = this;
    if (dimension.kind === 'period') {
      const builder = new KernelBuilder(this.#slabs, chunk, total);
      const { times, calendar } = dimension;
      const time = `const t=${builder.time(times)};`;
      run(builder, picked, count, `${time}${periodText(calendar, builder)}${builder.argument(slots)}[n]=k+1;`);
      return;
    }
    slots.fill(0, 0, count);
    if (dimension.kind === 'row') return;
    for (const { kind, guard, image, base } of dimension.sources) {
      const builder = new KernelBuilder(this.#slabs, chunk, total);
      const view = builder.view(image);
      if (view === undefined) continue;
      const out = `${builder.argument(slots)}[n]`;
      let step: string;
      if (kind === 'codes') {
        step = `const v=${view}[i];if(v!==0)${out}=${builder.argument(base)}+v;`;
      } else {
        const element = elementOf(image, chunk);
        const number = `${builder.argument(this.numbers)}.of(${numberText(element, 'v')})`;
        step = `const v=${view}[i];if(${presenceText(element, 'v')})${out}=${builder.argument(dimension.numberBase)}+${number};`;
      }
      const guardedStep = guarded(builder.term(guard), step);
      if (guardedStep !== '') run(builder, picked, count, guardedStep);
    }
  }
}

/** Runs the step for every picked element: `n` is its place among them, `i` its index in the chunk. */
export function run(builder: KernelBuilder, picked: Uint32Array, count: number, step: string): void {
  const index = picked === EVERY ? 'n' : `${builder.argument(picked)}[n]`;
  builder.run(`for(let n=0;n<${builder.argument(count)};n++){const i=${index};${step}}return 0;`);
}
