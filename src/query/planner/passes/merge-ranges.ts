/**
 * `merge_ranges`: several tests of one number column that meet in an `and` or `or` become one where they can: bounds are narrowed
 * or, where they overlap, widened; lists are cut to the bounds. A row has at most one number in a column, so this is exact.
 */
import { FALSE, type NumberSelection, type NumberTest } from '../../binder/formula.ts';
import { isJoin, mapParts, rewriteAll, type Tree } from '../logical-plan.ts';
import { planPass } from '../pass.ts';

export const mergeRanges = planPass('merge_ranges', 'several bounds on one number column become one', (plan) =>
  rewriteAll(plan, withRangesMerged),
);

export function withRangesMerged<T extends Tree>(tree: T): T {
  const inner = mapParts(tree, withRangesMerged);
  if (!isJoin<T>(inner)) return inner;
  const join = inner.kind === 'and' ? intersection : union;
  const of: T[] = [];
  for (const part of inner.of) {
    const at = isNumberTest(part) ? of.findIndex((other) => isNumberTest(other) && other.column === part.column) : -1;
    const merged = at < 0 ? undefined : mergedTest<T>(of[at], part, join);
    if (merged === undefined) of.push(part);
    else of[at] = merged;
  }
  if (of.length === inner.of.length) return inner;
  return of.length === 1 ? of[0] : ({ kind: inner.kind, of } as Tree as T);
}

function isNumberTest(tree: Tree): tree is NumberTest {
  return tree.kind === 'numbers';
}

type Join = (a: NumberSelection, b: NumberSelection) => NumberSelection | 'nothing' | undefined;

/** Undefined where the two cannot be one. */
function mergedTest<T extends Tree>(a: Tree, b: Tree, join: Join): T | undefined {
  if (!isNumberTest(a) || !isNumberTest(b)) return undefined;
  const selection = join(a.selection, b.selection);
  if (selection === undefined) return undefined;
  return (selection === 'nothing' ? FALSE : { ...a, selection }) as Tree as T;
}

export function intersection(a: NumberSelection, b: NumberSelection): NumberSelection | 'nothing' | undefined {
  if (a.kind === 'present') return b;
  if (b.kind === 'present') return a;
  if (a.kind === 'range' && b.kind === 'range') {
    const min = Math.max(a.min, b.min);
    const max = Math.min(a.max, b.max);
    return min > max ? 'nothing' : { kind: 'range', min, max };
  }
  const [list, other] = a.kind === 'list' ? [a, b] : [b, a];
  if (list.kind !== 'list') return undefined;
  const values = list.values.filter((value) => isIn(other, value));
  return values.length === 0 ? 'nothing' : { kind: 'list', values };
}

function isIn(selection: Exclude<NumberSelection, { kind: 'present' }>, value: number): boolean {
  if (selection.kind === 'list') return selection.values.includes(value);
  return value >= selection.min && value <= selection.max;
}

export function union(a: NumberSelection, b: NumberSelection): NumberSelection | undefined {
  if (a.kind === 'present') return a;
  if (b.kind === 'present') return b;
  if (a.kind === 'range' && b.kind === 'range') {
    if (a.max < b.min || b.max < a.min) return undefined;
    return { kind: 'range', min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
  }
  if (a.kind !== 'list' || b.kind !== 'list') return undefined;
  return { kind: 'list', values: Float64Array.from(new Set([...a.values, ...b.values])).sort() };
}
