/** Relations between answers that hold whatever the data is; they need no oracle, only the engine itself. */
import type { Engine } from '../../src/engine/engine.ts';
import type { Expression } from '../../src/model/expression.ts';
import { askIds } from './engine-ask.ts';
import { COUNTRIES } from './generate/pool.ts';
import type { Question } from './generate/world.ts';
import type { Segments } from './naive/event-choice.ts';
import { difference } from './naive-world.ts';
import { mayBeRefused } from './unsupported.ts';

interface Relation {
  readonly name: string;
  /** The expression that must select the same as the question's. */
  readonly rewrite: (where: Expression) => Expression;
}

function everyone(where: Expression): Expression {
  return { or: [where, { not: where }] };
}

/** Everybody who is not in one of the countries, and those of each country: together all, and nobody twice. */
const NOWHERE: Expression = { trait: 'country', op: 'not_in', value: COUNTRIES };

function parts(where: Expression): readonly Expression[] {
  return [NOWHERE, ...COUNTRIES.map((value): Expression => ({ trait: 'country', op: 'eq', value }))].map((part) => ({
    and: [part, where],
  }));
}

export const RELATIONS: readonly Relation[] = [
  { name: 'double negation', rewrite: (where) => ({ not: { not: where } }) },
  {
    name: 'itself and everyone',
    rewrite: (where) => ({ and: [where, everyone({ trait: 'age', op: 'gt', value: 17 })] }),
  },
  {
    name: 'itself or nobody',
    rewrite: (where) => ({ or: [{ not: everyone({ trait: 'vip', op: 'eq', value: true }) }, where] }),
  },
  { name: 'itself and itself', rewrite: (where) => ({ and: [where, where] }) },
  { name: 'parts in another order', rewrite: reordered },
  { name: 'de Morgan', rewrite: deMorgan },
  { name: 'the union of its countries', rewrite: (where) => ({ or: parts(where) }) },
];

function reordered(where: Expression): Expression {
  if ('and' in where) return { and: where.and.map(reordered).toReversed() };
  if ('or' in where) return { or: where.or.map(reordered).toReversed() };
  if ('not' in where) return { not: reordered(where.not) };
  if ('event' in where && where.where !== undefined) return { ...where, where: where.where.toReversed() };
  return where;
}

function deMorgan(where: Expression): Expression {
  if ('and' in where) return { not: { or: where.and.map((part): Expression => ({ not: deMorgan(part) })) } };
  if ('or' in where) return { not: { and: where.or.map((part): Expression => ({ not: deMorgan(part) })) } };
  return 'not' in where ? { not: deMorgan(where.not) } : where;
}

/** The first relation that the engine breaks. Rewritten questions that it may refuse to answer say nothing. */
export async function brokenRelation(
  engine: Engine,
  question: Question,
  profileCount: number,
  segments: Segments,
): Promise<string | undefined> {
  const text = JSON.stringify(question);
  const ask = async (where: Expression): Promise<ReadonlySet<string> | undefined> => {
    const rewritten = { ...question, where };
    return mayBeRefused(rewritten, segments) ? undefined : askIds(engine, rewritten, segments);
  };
  const ids = await ask(question.where);
  if (ids === undefined) return undefined;
  for (const { name, rewrite } of RELATIONS) {
    const rewritten = await ask(rewrite(question.where));
    const found = rewritten === undefined ? '' : difference(rewritten, ids);
    if (found !== '') return `${name}: ${found} for ${text}`;
  }
  const all = await ask(everyone(question.where));
  if (all?.size !== profileCount) return `itself or not itself: ${all?.size} of ${profileCount} for ${text}`;
  let partSize = 0;
  for (const part of parts(question.where)) {
    const ofPart = await ask(part);
    if (ofPart === undefined) return undefined;
    partSize += ofPart.size;
  }
  // A profile may be in several countries when the trait is an array, but never in none.
  return partSize < ids.size ? `countries: ${partSize} in all, ${ids.size} asked for ${text}` : undefined;
}
