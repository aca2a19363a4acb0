/**
 * From the AST to the text form. For every AST that the check gives back, `parseText(printExpression(ast))` is that AST
 * again (given a text limit that the text keeps to). Parentheses stand around every `and` and `or` inside another, so
 * that no reader has to know which binds closer.
 */
import type { EventLeaf, Expression, Match, SequenceLeaf, SequenceStep } from '../../model/expression.ts';
import { printCondition, printCount, printName, printText, printWhere, printWindow } from './print-leaf.ts';
import { isBareName } from './token.ts';

const MATCH_TEXT: Readonly<Record<Match, string>> = { any: 'any', all: 'all', none: 'no' };

export function printExpression(expression: Expression): string {
  if ('and' in expression) return printList(expression.and, 'and', 'everyone');
  if ('or' in expression) return printList(expression.or, 'or', 'no one');
  if ('not' in expression) return `not ${printInner(expression.not)}`;
  if ('trait' in expression) return `${printName(expression.trait)} ${printCondition(expression)}`;
  if ('event' in expression) return printEvent(expression);
  if ('sequence' in expression) return printSequence(expression);
  if ('segment' in expression) {
    return `in segment ${isBareName(expression.segment) ? expression.segment : printText(expression.segment)}`;
  }
  if ('account' in expression) {
    const noun = expression.match === 'all' ? 'accounts' : 'account';
    return `${MATCH_TEXT[expression.match ?? 'any']} ${noun} (${printExpression(expression.account)})`;
  }
  if ('people' in expression) {
    const noun = expression.match === 'all' ? 'people' : 'person';
    return `${MATCH_TEXT[expression.match ?? 'any']} ${noun} (${printExpression(expression.people)})`;
  }
  const { salt, from, to } = expression.random;
  return `random ${printText(salt)} from ${from} to ${to}`;
}

function printList(items: readonly Expression[], word: string, empty: string): string {
  return items.length === 0 ? empty : items.map(printInner).join(` ${word} `);
}

function printInner(expression: Expression): string {
  const isList = ('and' in expression && expression.and.length > 0) || ('or' in expression && expression.or.length > 0);
  return isList ? `(${printExpression(expression)})` : printExpression(expression);
}

function printEvent(leaf: EventLeaf): string {
  const { aggregate, count } = leaf;
  const window = printWindow(leaf.window);
  if (aggregate !== undefined) {
    const fn = aggregate.fn === 'count_distinct' ? 'count distinct' : aggregate.fn;
    const over = `${fn} of ${printName(aggregate.property)} over ${printText(leaf.event)}`;
    return `${over}${printWhere(leaf.where)}${window} ${printCondition(aggregate)}`;
  }
  const isDidNot = count?.op === 'eq' && count.value === 0;
  const did = `${isDidNot ? 'did not' : 'did'} ${printText(leaf.event)}${printWhere(leaf.where)}`;
  return did + (count === undefined || isDidNot ? '' : printCount(count)) + window;
}

function printSequence(leaf: SequenceLeaf): string {
  return `did ${leaf.sequence.map(printStep).join(' then ')}${printWindow(leaf.window)}`;
}

function printStep(step: SequenceStep): string {
  const { without } = step;
  const nth = step.nth === undefined ? '' : ' first';
  const within = step.within === undefined ? '' : ` within ${step.within}`;
  const none = without === undefined ? '' : ` without ${printText(without.event)}${printWhere(without.where)}`;
  return `${printText(step.event)}${nth}${printWhere(step.where)}${within}${none}`;
}
