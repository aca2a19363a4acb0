/** Cells of what a path reaches, each with the condition under which it counts. */
import type { Cell } from './cell.ts';
import type { Formula } from './formula.ts';
import type { ScalarSource } from './value-source.ts';

/** A cell that counts only where the guard holds. */
export interface GuardedCell {
  readonly guard: Formula;
  readonly cell: Cell;
}

/** `isFirstOnly`: of an array its first scalar, as `first` and `last` take it. */
export function cellsOf(sources: readonly ScalarSource[], isFirstOnly = false): GuardedCell[] {
  const found: GuardedCell[] = [];
  for (const source of sources) {
    const { guard } = source;
    if (source.kind === 'array') {
      const { arrays, rest } = source;
      found.push({ guard, cell: { kind: 'arrays', column: arrays, rest, isFirstOnly } });
      continue;
    }
    const { numbers, strings, booleans } = source.column;
    if (numbers !== undefined) found.push({ guard, cell: { kind: 'numbers', column: numbers } });
    if (strings !== undefined) found.push({ guard, cell: { kind: 'texts', column: strings } });
    if (booleans !== undefined) found.push({ guard, cell: { kind: 'booleans', column: booleans } });
  }
  return found;
}
