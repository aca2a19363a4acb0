/** What the engine may refuse as `query_unsupported`. Anything else that it refuses is a difference, not an excuse. */
import type { Expression, Operand } from '../../src/model/query.ts';
import type { Question } from './generate/world.ts';

export function mayBeRefused({ where, at }: Question): boolean {
  return someLeaf(where, (leaf) => {
    if ('trait' in leaf) return at !== undefined || isReference(leaf.value);
    if (!('event' in leaf)) return true;
    return [...(leaf.where ?? []), leaf.aggregate].some((condition) => isReference(condition?.value));
  });
}

export function hasTraitLeaf(where: Expression): boolean {
  return someLeaf(where, (leaf) => 'trait' in leaf);
}

function isReference(value: Operand | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function someLeaf(where: Expression, isSo: (leaf: Expression) => boolean): boolean {
  if ('and' in where) return where.and.some((part) => someLeaf(part, isSo));
  if ('or' in where) return where.or.some((part) => someLeaf(part, isSo));
  return 'not' in where ? someLeaf(where.not, isSo) : isSo(where);
}
