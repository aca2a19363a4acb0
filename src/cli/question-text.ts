/**
 * Parts of a question as one writes them on a command line, in the words of the query language: an aggregate ("sum of total over …"),
 * an event with its conditions ("Order Completed where total > 50"), what groups are made by ("country,property:sku,period:month").
 */
import type { Dimension, EventChoice, FunnelStep, TotalFunction, TotalRequest } from '../model/analysis.ts';
import { EngineError } from '../model/error.ts';
import type { EventLeaf, Expression, Window } from '../model/expression.ts';
import { parseText } from '../query/parser/parse-text.ts';
import { findJsonFault } from '../server/http/json-fault.ts';
import type { CommandRun } from './command-option.ts';

const POSITION = /^\s*(median|percentile\s+(\d+(?:\.\d+)?(?:\s*,\s*\d+(?:\.\d+)?)*))\s+of\s+/i;
const OF_TRAIT = /^\s*(sum|avg|average|min|max|count\s+distinct)\s+of\s+(`(?:[^`]|``)+`|\S+)\s*$/i;
const PERIODS = ['day', 'week', 'month', 'quarter', 'year'] as const;

/** A mistake in one of these is shown in it, not in the question. */
function parsed(run: CommandRun, text: string): Expression {
  const before = run.queryText;
  run.queryText = text;
  const expression = parseText(text);
  run.queryText = before;
  return expression;
}

/** What was written as a condition: text, or its JSON form, which begins with a brace. */
export function parseCondition(text: string): Expression | string {
  if (!text.trimStart().startsWith('{')) return text;
  const fault = findJsonFault(text);
  if (fault === undefined) return JSON.parse(text) as Expression;
  const span = { start: fault.position, end: Math.min(fault.position + 1, text.length) };
  throw new EngineError('query_syntax', `a condition in JSON needs ${fault.expected} here`, { span });
}

/** `sum of total over "Order Completed" where … in last 30d`, `median of …`, `percentile 50,95 of …`, `avg of age` (a trait). */
export function parseAggregate(text: string, run: CommandRun): TotalRequest {
  const position = POSITION.exec(text);
  // A position in the order is written as a sum is.
  const plain = position === null ? text : `sum of ${text.slice(position[0].length)}`;
  const named = positionOf(position);
  const trait = OF_TRAIT.exec(plain);
  if (trait !== null) {
    const word = trait[1].toLowerCase().replace(/\s+/, '_');
    const fn = (word === 'average' ? 'avg' : word) as TotalFunction;
    const name = trait[2].startsWith('`') ? trait[2].slice(1, -1).replaceAll('``', '`') : trait[2];
    return { fn, trait: name, ...named };
  }
  const leaf = parsed(run, `${plain} exists`);
  if (!('event' in leaf) || leaf.aggregate === undefined) {
    throw new EngineError(
      'query_invalid',
      `${JSON.stringify(text)} is no aggregate; write: sum of total over "Order Completed" in last 30d`,
    );
  }
  const { event, where, window, aggregate } = leaf;
  return {
    fn: aggregate.fn,
    event,
    property: aggregate.property,
    ...(where === undefined ? {} : { where }),
    ...(window === undefined ? {} : { window }),
    ...named,
  };
}

function positionOf(match: RegExpExecArray | null): { fn?: TotalFunction; p?: number | readonly number[] } {
  if (match === null) return {};
  if (match[2] === undefined) return { fn: 'median' };
  const p = match[2].split(',').map(Number);
  return { fn: 'percentile', p: p.length === 1 ? p[0] : p };
}

/** `Order Completed`, `Order Completed where total > 50`, or with the name in quotes and a window: `"Order Completed" in last 30d`. */
export function parseEvent(text: string, run: CommandRun): EventChoice & { readonly window?: Window | undefined } {
  const leaf = parsed(run, `did ${quotedEvent(text)}`);
  const isPlain = 'event' in leaf && leaf.count === undefined && leaf.aggregate === undefined;
  if (isPlain) return leaf as EventLeaf;
  throw new EngineError('query_invalid', `${JSON.stringify(text)} is no event with its conditions`);
}

/** As an event, and `without "…"`: none such since the step before. */
export function parseStep(text: string, isFirst: boolean, run: CommandRun): FunnelStep {
  if (isFirst) return parseEvent(text, run);
  const leaf = parsed(run, `did "-" then ${quotedEvent(text)}`);
  if (!('sequence' in leaf) || leaf.sequence.length !== 2 || leaf.window !== undefined) {
    throw new EngineError(
      'query_invalid',
      `${JSON.stringify(text)} is no step; write: Order Completed where total > 50`,
    );
  }
  const { event, where, without, within, nth } = leaf.sequence[1];
  if (within !== undefined || nth !== undefined)
    throw new EngineError('query_invalid', 'a funnel has one --within for all of its steps, and no "first"');
  return { event, ...(where === undefined ? {} : { where }), ...(without === undefined ? {} : { without }) };
}

/** A name without quotes ends at the first word that begins a condition. */
function quotedEvent(text: string): string {
  if (/^\s*["']/.test(text)) return text;
  const rest = /\s(?:where|without)\s/i.exec(text);
  const name = (rest === null ? text : text.slice(0, rest.index)).trim();
  return JSON.stringify(name) + (rest === null ? '' : text.slice(rest.index));
}

/** `country` is a trait; `trait:…`, `property:…` and `period:month` say what they are. */
export function parseDimension(text: string, timeZone?: string | undefined): Dimension {
  const [, kind, name] = /^(trait|property|period):(.+)$/.exec(text) ?? [undefined, 'trait', text];
  if (kind === 'trait') return { trait: name };
  if (kind === 'property') return { property: name };
  const period = PERIODS.find((one) => one === name);
  if (period === undefined) throw new EngineError('query_invalid', `a period is one of ${PERIODS.join(', ')}`);
  return { period, ...(timeZone === undefined ? {} : { timeZone }) };
}
