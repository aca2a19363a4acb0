/** Whether what was measured of a row fits, as a condition of a kernel. */
import type { NumberSelection } from '../binder/formula.ts';
import type { Counts } from './accumulator.ts';
import type { KernelText } from './kernel-text.ts';

export interface NumberVerdict {
  readonly fn: 'sum' | 'avg' | 'min' | 'max' | 'count_distinct';
  readonly selection: NumberSelection;
}

/** On row `i`. Nothing measured is NaN for avg (0/0) and an infinity for min and max: no value. */
export function numberTerm(
  { fn, selection }: NumberVerdict,
  state: { readonly counts: Counts; readonly values: Float64Array },
  builder: KernelText,
): string {
  const source = builder.argument(fn === 'count_distinct' ? state.counts : state.values);
  const value = fn === 'avg' ? `${source}[i]/${builder.argument(state.counts)}[i]` : `${source}[i]`;
  const test = selectionText(selection, value, builder);
  if (fn === 'avg') return `((${value})===(${value}))&&${test}`;
  return fn === 'min' || fn === 'max' ? `(${value}-${value}===0)&&${test}` : test;
}

function selectionText(selection: NumberSelection, value: string, builder: KernelText): string {
  if (selection.kind === 'present') return '(true)';
  if (selection.kind === 'list') return `(${builder.argument(new Set(selection.values))}.has(${value}))`;
  return `((((${value})>=${builder.argument(selection.min)})&((${value})<=${builder.argument(selection.max)}))!==0)`;
}
