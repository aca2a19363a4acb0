/** Values that groups are made by: the distinct ones a path reaches, and their order. */
import type { GroupValue } from '../../../src/model/analysis.ts';
import type { Reach } from './path.ts';

const TYPE_ORDER = ['number', 'string', 'boolean', 'null'];

/** At least one: a missing value is null. */
export function distinctValues({ scalars }: Reach): readonly GroupValue[] {
  const values = new Set(scalars.map(({ value }) => value));
  return values.size === 0 ? [null] : [...values];
}

/** Numbers, then texts by UTF-8 bytes, then false and true, then missing. */
export function compareValues(a: GroupValue, b: GroupValue): number {
  const [rankA, rankB] = [typeRank(a), typeRank(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)));
  return Number(a) - Number(b);
}

export function compareLists(a: readonly GroupValue[], b: readonly GroupValue[]): number {
  for (const [i, value] of a.entries()) {
    const order = compareValues(value, b[i]);
    if (order !== 0) return order;
  }
  return 0;
}

function typeRank(value: GroupValue): number {
  return TYPE_ORDER.indexOf(value === null ? 'null' : typeof value);
}

/** Every way to take one value of each list. */
export function combinations<T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return lists.reduce<readonly (readonly T[])[]>(
    (made, list) => made.flatMap((head) => list.map((value) => [...head, value])),
    [[]],
  );
}
