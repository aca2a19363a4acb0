/** Whether a condition's truth can change when nothing comes but time passes. */
import type { AggregateCondition, Expression, Operator, PropertyPredicate, Window } from '../../model/expression.ts';

const RELATIVE: readonly Operator[] = ['within_last', 'within_next', 'older_than'];

/** Saved segments must have been put in place of their keys. */
export function looksAtClock(expression: Expression): boolean {
  if ('and' in expression) return expression.and.some(looksAtClock);
  if ('or' in expression) return expression.or.some(looksAtClock);
  if ('not' in expression) return looksAtClock(expression.not);
  if ('account' in expression) return looksAtClock(expression.account);
  if ('people' in expression) return looksAtClock(expression.people);
  if ('trait' in expression) return RELATIVE.includes(expression.op);
  if ('event' in expression) {
    const { where, window, aggregate } = expression;
    return isRelative(window) || isAnyRelative(where) || isAnyRelative(aggregate === undefined ? [] : [aggregate]);
  }
  if (!('sequence' in expression)) return false;
  const { sequence, window } = expression;
  return (
    isRelative(window) || sequence.some(({ where, without }) => isAnyRelative(where) || isAnyRelative(without?.where))
  );
}

function isAnyRelative(conditions: readonly (PropertyPredicate | AggregateCondition)[] | undefined): boolean {
  return conditions?.some(({ op }) => RELATIVE.includes(op)) === true;
}

function isRelative(window: Window | undefined): boolean {
  return window !== undefined && ('last' in window || 'between' in window || 'calendar' in window);
}
