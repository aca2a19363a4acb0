/**
 * The scan that adds up: over one event table in the order of arrival (window, `where` and what is measured in one loop), or
 * over the profiles themselves (`rows` and `times` absent). What it adds up by is the profile's row, or nothing (`isTotal`).
 * Here: its description, which crosses to workers, and the conditions of its loop.
 */
import type { TimeRange } from '../binder/window.ts';
import type { ArraySummary } from '../index/array-summary.ts';
import { baseOf, type ColumnImage, chunkCountOf, ELEMENT_U32, elementOf, maxOf, minOf } from './column-image.ts';
import type { DistinctSource } from './distinct-input.ts';
import type { KernelBuilder } from './kernel.ts';
import type { Term } from './kernel-text.ts';
import type { Program } from './program.ts';

/** Numbers to aggregate: a column, or what each array (by code) adds up to. */
export type NumberInput =
  | { readonly kind: 'plain'; readonly guard: Program; readonly image: ColumnImage }
  | { readonly kind: 'array'; readonly guard: Program; readonly image: ColumnImage; readonly summary: ArraySummary };

/** `cap`: counts beyond it need not be told apart. */
export type ScanMeasure =
  | { readonly kind: 'count'; readonly cap: number }
  | { readonly kind: 'sum' | 'avg' | 'min' | 'max'; readonly inputs: readonly NumberInput[] }
  /** Count, sum and latest time at once. */
  | { readonly kind: 'purchases'; readonly inputs: readonly NumberInput[] }
  | { readonly kind: 'first' | 'last'; readonly present: Program }
  | { readonly kind: 'distinct'; readonly sources: readonly DistinctSource[] };

/** Which elements count: events of one table in the order of arrival, or profiles. */
export interface ElementScan {
  /** Absent: element i is row i. */
  readonly rows: ColumnImage | undefined;
  /** Absent: no window. */
  readonly times: ColumnImage | undefined;
  /** Elements visible to this query. */
  readonly elementCount: number;
  readonly range: TimeRange;
  readonly where: Program;
  /** Only events of these rows count; absent = all. */
  readonly members: Uint32Array | undefined;
  readonly chunks: Int32Array;
  readonly control: Int32Array;
}

export interface MeasureScan extends ElementScan {
  readonly kind: 'measure';
  readonly measure: ScanMeasure;
  /** Rows to add up by; 1 with `isTotal`, where everything goes to row 0. */
  readonly rowCount: number;
  readonly isTotal: boolean;
}

/** Window and `where` of element `i`. */
export function filterOf(scan: ElementScan, builder: KernelBuilder): Term {
  const time = timeTerm(scan, builder);
  if (time === false) return false;
  const where = builder.term(scan.where);
  if (where === false) return false;
  if (time === true) return where;
  return where === true ? time : `(${time})&&(${where})`;
}

export function guarded(condition: Term, statement: string): string {
  if (condition === false) return '';
  return condition === true ? statement : `if(${condition}){${statement}}`;
}

/** Declares `r`, where element `i` adds up; leaves the element out when its row does not count. */
export function rowOf(scan: MeasureScan, builder: KernelBuilder): string {
  if (!scan.isTotal) return `const r=${rowText(scan, builder)};`;
  if (scan.members === undefined) return 'const r=0;';
  const { members } = scan;
  return `const q=${rowText(scan, builder)};if(((${builder.argument(members)}[q>>>5]>>>(q&31))&1)===0)continue;const r=0;`;
}

/** Declares `r`, the row of element `i`; leaves the element out when its row does not count. */
export function memberRowOf(scan: ElementScan, builder: KernelBuilder): string {
  const row = `const r=${rowText(scan, builder)};`;
  if (scan.members === undefined) return row;
  return `${row}if(((${builder.argument(scan.members)}[r>>>5]>>>(r&31))&1)===0)continue;`;
}

function rowText({ rows }: ElementScan, builder: KernelBuilder): string {
  return rows === undefined ? `${builder.argument(builder.firstIndex)}+i` : builder.element(rows, 'i');
}

function timeTerm({ times, range }: ElementScan, builder: KernelBuilder): Term {
  if (times === undefined) return true;
  const { chunk } = builder;
  const min = minOf(times, chunk);
  const max = maxOf(times, chunk);
  if (max < range.fromMs || min >= range.untilMs) return false;
  if (min >= range.fromMs && max < range.untilMs) return true;
  const time = builder.element(times, 'i');
  const base = baseOf(times, chunk);
  if (elementOf(times, chunk) !== ELEMENT_U32) {
    return `${time}>=${builder.argument(range.fromMs - base)}&&${time}<${builder.argument(range.untilMs - base)}`;
  }
  const first = Math.max(range.fromMs, min) - base;
  const last = Math.min(range.untilMs - 1, max) - base;
  return `((${time}-${builder.argument(first | 0)})>>>0)<=${builder.argument(last - first)}`;
}

/** Chunks of events that the window meets; all of them where zone maps are not to be used. */
export function windowChunks(times: ColumnImage, range: TimeRange, isSkipping = true): Int32Array {
  const chunks: number[] = [];
  for (let chunk = 0; chunk < chunkCountOf(times); chunk++) {
    const isMet = maxOf(times, chunk) >= range.fromMs && minOf(times, chunk) < range.untilMs;
    if (isMet || !isSkipping) chunks.push(chunk);
  }
  return Int32Array.from(chunks);
}
