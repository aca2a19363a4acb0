/**
 * The operators, one value against one literal at a time. Negative operators are not here: each is the negation of its
 * positive twin over all the values that a path reaches (`predicate.ts`).
 */
import { Buffer } from 'node:buffer';
import { durationMsOf } from './duration.ts';
import { instantOf } from './instant.ts';
import type { JsonScalar } from './json-value.ts';
import type { ReachedScalar } from './path.ts';

export type OrderOperator = 'lt' | 'lte' | 'gt' | 'gte';
export type PairOperator =
  | OrderOperator
  | 'eq'
  | 'contains'
  | 'starts_with'
  | 'ends_with'
  | 'matches'
  | 'before'
  | 'after'
  | 'within_last'
  | 'within_next'
  | 'older_than';

/** Negative, zero or positive; undefined where the two cannot be ordered against each other. The literal decides how. */
export function compare(value: JsonScalar, literal: JsonScalar): number | undefined {
  if (typeof literal === 'number') return typeof value === 'number' ? value - literal : undefined;
  if (typeof literal !== 'string' || typeof value !== 'string') return undefined;
  const literalInstant = instantOf(literal);
  if (literalInstant === undefined) return Buffer.compare(Buffer.from(value, 'utf8'), Buffer.from(literal, 'utf8'));
  const valueInstant = instantOf(value);
  return valueInstant === undefined ? undefined : valueInstant - literalInstant;
}

function isOrdered(op: OrderOperator, value: JsonScalar, literal: JsonScalar): boolean {
  const order = compare(value, literal);
  if (order === undefined) return false;
  if (op === 'lt') return order < 0;
  if (op === 'lte') return order <= 0;
  return op === 'gt' ? order > 0 : order >= 0;
}

function isOnSide(value: JsonScalar, literal: JsonScalar, side: 'before' | 'after'): boolean {
  if (typeof value !== 'string' || typeof literal !== 'string') return false;
  const [instant, bound] = [instantOf(value), instantOf(literal)];
  if (instant === undefined || bound === undefined) return false;
  return side === 'before' ? instant < bound : instant > bound;
}

function isNear(
  op: 'within_last' | 'within_next' | 'older_than',
  value: JsonScalar,
  duration: JsonScalar,
  nowMs: number,
) {
  const instant = typeof value === 'string' ? instantOf(value) : undefined;
  if (instant === undefined) return false;
  const durationMs = durationMsOf(String(duration));
  if (op === 'within_last') return nowMs - durationMs <= instant && instant <= nowMs;
  if (op === 'within_next') return nowMs <= instant && instant < nowMs + durationMs;
  return instant < nowMs - durationMs;
}

export function fits(op: PairOperator, reached: ReachedScalar, literal: JsonScalar, nowMs: number): boolean {
  const { value } = reached;
  switch (op) {
    case 'eq':
      return value === literal;
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return isOrdered(op, value, literal);
    case 'before':
    case 'after':
      return isOnSide(value, literal, op);
    case 'within_last':
    case 'within_next':
    case 'older_than':
      return isNear(op, value, literal, nowMs);
    case 'contains':
      if (reached.isInArray) return value === literal;
      return typeof value === 'string' && typeof literal === 'string' && value.includes(literal);
    case 'starts_with':
      return typeof value === 'string' && typeof literal === 'string' && value.startsWith(literal);
    case 'ends_with':
      return typeof value === 'string' && typeof literal === 'string' && value.endsWith(literal);
    case 'matches':
      return typeof value === 'string' && typeof literal === 'string' && new RegExp(literal, 'u').test(value);
  }
}
