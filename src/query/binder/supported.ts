/**
 * Refuses what the language has and the engine does not answer yet, before anything is bound: so the refusal does not depend on
 * which names a shard happens to know. Errors: query_unsupported; `details.construct` names what is missing.
 */

import { assert } from '../../base/assert.ts';
import { splitPath } from '../../base/path.ts';
import type { FunnelRequest, TotalRequest } from '../../model/analysis.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression, Operand, PropertyPredicate } from '../../model/expression.ts';
import { quoted } from '../parser/suggestion.ts';
import { isFieldReference } from './bind-compare.ts';
import { isSeenPath } from './bind-seen.ts';

export function assertSupported(expression: Expression, atMs: number | undefined): void {
  if (atMs === undefined) return;
  if ('and' in expression || 'or' in expression) {
    const parts = 'and' in expression ? expression.and : expression.or;
    for (const part of parts) assertSupported(part, atMs);
  } else if ('not' in expression) {
    assertSupported(expression.not, atMs);
  } else if ('trait' in expression) {
    if (isFieldReference(expression.value)) assertNoSeen(expression.trait, atMs);
    assertNoTrait(expression, atMs);
  } else if ('event' in expression) {
    assertNoTraits(expression.where, atMs);
    assertNoTrait(expression.aggregate, atMs);
  } else if ('sequence' in expression) {
    for (const { where, without } of expression.sequence) {
      assertNoTraits(where, atMs);
      assertNoTraits(without?.where, atMs);
    }
  } else {
    assert(!('segment' in expression), 'segments are put in place of their names before anything is bound');
  }
}

export function assertAggregateSupported(aggregate: TotalRequest, atMs: number | undefined): void {
  if (aggregate.trait === undefined) return;
  assertNoSeen(aggregate.trait, atMs);
  if (aggregate.fn === 'first' || aggregate.fn === 'last') {
    throw new EngineError('query_unsupported', `"${aggregate.fn}" needs an event: a trait has no moment`, {
      details: { construct: `${aggregate.fn} of trait` },
    });
  }
}

export function assertFunnelSupported({ steps, by }: FunnelRequest, atMs: number | undefined): void {
  if (atMs === undefined) return;
  for (const { where, without } of steps) {
    assertNoTraits(where, atMs);
    assertNoTraits(without?.where, atMs);
  }
  if (typeof by === 'string') assertNoSeen(by, atMs);
  else if (by !== undefined && 'trait' in by) assertNoSeen(by.trait, atMs);
}

/** Conditions on events, and traits that are looked at. */
export function assertChoiceSupported(
  where: readonly PropertyPredicate[] | undefined,
  traits: readonly string[],
  atMs: number | undefined,
): void {
  if (atMs === undefined) return;
  assertNoTraits(where, atMs);
  for (const trait of traits) assertNoSeen(trait, atMs);
}

/** As values of a past moment the engine's own instants are only for conditions with a literal: by then some profiles had none. */
function assertNoSeen(trait: string, atMs: number | undefined): void {
  if (atMs === undefined || !isSeenPath(splitPath(trait))) return;
  throw new EngineError(
    'query_unsupported',
    `with "at", ${quoted(trait)} can only be compared with a literal, not with another field, nor be grouped or added up by`,
    { details: { construct: 'at with first_seen or last_seen', trait } },
  );
}

function assertNoTraits(where: readonly PropertyPredicate[] | undefined, atMs: number): void {
  for (const predicate of where ?? []) assertNoTrait(predicate, atMs);
}

/** A trait may stand on the right-hand side too. */
function assertNoTrait(condition: { readonly value?: Operand | undefined } | undefined, atMs: number): void {
  const value = condition?.value;
  if (typeof value === 'object' && value !== null && 'trait' in value) assertNoSeen(value.trait, atMs);
}
