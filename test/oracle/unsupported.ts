/** What the engine may refuse as `query_unsupported`. Anything else that it refuses is a difference, not an excuse. */
import type { Expression, Operand } from '../../src/model/query.ts';
import type { Analysis } from './generate/analysis.ts';
import type { Measure } from './generate/measure.ts';
import type { Question } from './generate/world.ts';
import type { Segments } from './naive/event-choice.ts';

type LeafKind = 'sequence' | 'random' | 'reference' | 'segment';

/** Parts of the language that the engine does not answer yet; empty when it answers all. */
const NOT_YET: {
  readonly leaves: readonly LeafKind[];
  readonly kinds: readonly string[];
  readonly totals: readonly string[];
} = {
  leaves: ['sequence'],
  kinds: ['breakdown', 'funnel', 'retention', 'rfm', 'overlap'],
  totals: ['percentile', 'median'],
};

export function mayBeRefused({ where, at }: Question, segments: Segments): boolean {
  return someLeaf(where, segments, (leaf) => (at !== undefined && readsTraits(leaf)) || isNotYet(leaf));
}

export function mayAnalysisBeRefused(analysis: Analysis, segments: Segments): boolean {
  if (NOT_YET.kinds.includes(analysis.as)) return true;
  if (analysis.where !== undefined && mayBeRefused({ where: analysis.where, at: analysis.at }, segments)) return true;
  const { at, where: _, as, ...body } = analysis;
  // What traits were at a past moment is not kept, wherever the trait stands; a text alone is one as well.
  return (at !== undefined && (as === 'overlap' || mentionsTrait(body))) || mentionsNotYet(body, segments);
}

export function mayMeasureBeRefused({ where, aggregate }: Measure, segments: Segments): boolean {
  if (NOT_YET.totals.includes(aggregate.fn) || mentionsNotYet(aggregate, segments)) return true;
  return where !== undefined && mayBeRefused({ where }, segments);
}

/** Whether the expression asks for a trait, be it by a saved condition or on a right-hand side. */
export function hasTraitLeaf(where: Expression, segments: Segments): boolean {
  return someLeaf(where, segments, readsTraits);
}

function mentionsTrait(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  if ('trait' in json || ('by' in json && mentionsText(json.by))) return true;
  return Object.values(json).some(mentionsTrait);
}

function mentionsText(by: unknown): boolean {
  return typeof by === 'string' || (Array.isArray(by) && by.some((each) => typeof each === 'string'));
}

function mentionsNotYet(json: unknown, segments: Segments): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const { where, value } = json as { readonly where?: Expression; readonly value?: Operand };
  if (NOT_YET.leaves.includes('reference') && isReference(value)) return true;
  if (where !== undefined && !Array.isArray(where) && mayBeRefused({ where }, segments)) return true;
  return Object.values(json).some((member) => mentionsNotYet(member, segments));
}

function isNotYet(leaf: Expression): boolean {
  const kind = Object.keys(leaf)[0];
  if (NOT_YET.leaves.some((each) => each === kind)) return true;
  return NOT_YET.leaves.includes('reference') && operandsOf(leaf).some(isReference);
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
