/** What the engine may refuse as `query_unsupported`. Anything else that it refuses is a difference, not an excuse. */
import type { Expression, Operand } from '../../src/model/expression.ts';
import type { Analysis } from './generate/analysis.ts';
import type { Question } from './generate/world.ts';
import type { Segments } from './naive/event-choice.ts';

/** At a past moment the engine's own instants are only compared with literals. */
export function mayBeRefused({ where, at }: Question, segments: Segments): boolean {
  return at !== undefined && someLeaf(where, segments, relatesInstants);
}

/** The same anywhere in the request, and instants as dimensions or figures; a text alone is a trait as well. */
export function mayAnalysisBeRefused({ at, where, as: _, ...body }: Analysis, segments: Segments): boolean {
  if (at === undefined) return false;
  return (where !== undefined && someLeaf(where, segments, relatesInstants)) || mentionsInstant(body, segments);
}

/** Whether the expression asks for a trait, be it by a saved condition or on a right-hand side. */
export function hasTraitLeaf(where: Expression, segments: Segments): boolean {
  return someLeaf(where, segments, readsTraits);
}

function mentionsInstant(json: unknown, segments: Segments): boolean {
  if (typeof json === 'string') return segments.has(json) && someLeaf({ segment: json }, segments, relatesInstants);
  if (typeof json !== 'object' || json === null) return false;
  if ('trait' in json && isInstant(json.trait)) return true;
  if ('by' in json && [json.by].flat().some(isInstant)) return true;
  return Object.values(json).some((member) => mentionsInstant(member, segments));
}

/** Also what is below one. */
function isInstant(path: unknown): boolean {
  return typeof path === 'string' && /^(first|last)_seen(\.|$)/.test(path);
}

function relatesInstants(leaf: Expression): boolean {
  const references = operandsOf(leaf).filter(isReference);
  if ('trait' in leaf && references.length > 0 && isInstant(leaf.trait)) return true;
  return references.some((value) => 'trait' in value && isInstant(value.trait));
}

function readsTraits(leaf: Expression): boolean {
  return 'trait' in leaf || operandsOf(leaf).some((value) => isReference(value) && 'trait' in value);
}

/** Everything on a right-hand side of the leaf. */
function operandsOf(leaf: Expression): readonly (Operand | undefined)[] {
  if ('trait' in leaf) return [leaf.value];
  if ('event' in leaf) return [...(leaf.where ?? []), leaf.aggregate].map((condition) => condition?.value);
  if (!('sequence' in leaf)) return [];
  return leaf.sequence.flatMap(({ where, without }) =>
    [...(where ?? []), ...(without?.where ?? [])].map(({ value }) => value),
  );
}

function isReference(
  value: Operand | undefined,
): value is Exclude<Operand, null | string | number | boolean | readonly unknown[]> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function someLeaf(where: Expression, segments: Segments, isSo: (leaf: Expression) => boolean): boolean {
  if ('and' in where) return where.and.some((part) => someLeaf(part, segments, isSo));
  if ('or' in where) return where.or.some((part) => someLeaf(part, segments, isSo));
  if ('not' in where) return someLeaf(where.not, segments, isSo);
  const saved = 'segment' in where ? segments.get(where.segment) : undefined;
  return isSo(where) || (saved !== undefined && someLeaf(saved, segments, isSo));
}
