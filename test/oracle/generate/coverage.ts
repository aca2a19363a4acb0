/**
 * Which shapes of query a run has seen: operator × type of the right-hand side × kind of leaf, aggregate × operator, count
 * operators, kinds of window, connectives. A test asserts the share, so that a change of the generators cannot thin it out.
 */
import { TOTAL_FUNCTIONS } from '../../../src/model/analysis.ts';
import type { Expression, Operand, Operator, SequenceLeaf, Window } from '../../../src/model/expression.ts';
import { AGGREGATE_FUNCTIONS, COUNT_OPERATORS, OPERATORS } from '../../../src/model/expression.ts';
import { ANALYSIS_KINDS, type Analysis, type AnalysisKind } from './analysis.ts';
import { NUMBER_OPERATORS } from './expression.ts';
import type { Measure } from './measure.ts';
import { CALENDAR_UNITS } from './pool.ts';
import { isDateText, REFERENCE_OPERATORS } from './predicate.ts';
import type { Question } from './world.ts';

export class ShapeCoverage {
  readonly #seenCounts = new Map<string, number>();

  record({ where, at }: Question): void {
    this.#add(at === undefined ? 'now' : 'at');
    this.#recordExpression(where);
  }

  recordAnalysis(analysis: Analysis): void {
    for (const shape of analysisShapes(analysis)) this.#add(shape);
  }

  recordMeasure({ aggregate }: Measure): void {
    this.#add(`total ${aggregate.fn} ${aggregate.trait === undefined ? 'event' : 'trait'}`);
  }

  get missing(): readonly string[] {
    return EXPECTED_SHAPES.filter((shape) => !this.#seenCounts.has(shape));
  }

  /** From 0 to 1. */
  get share(): number {
    return 1 - this.missing.length / EXPECTED_SHAPES.length;
  }

  #add(shape: string): void {
    this.#seenCounts.set(shape, (this.#seenCounts.get(shape) ?? 0) + 1);
  }

  #recordExpression(expression: Expression): void {
    if ('and' in expression || 'or' in expression) {
      this.#add('and' in expression ? 'and' : 'or');
      for (const part of 'and' in expression ? expression.and : expression.or) this.#recordExpression(part);
    } else if ('not' in expression) {
      this.#add('not');
      this.#recordExpression(expression.not);
    } else if ('trait' in expression)
      this.#add(`trait ${expression.op} ${operandKind(expression.op, expression.value)}`);
    else if ('event' in expression) {
      this.#add(windowKind(expression.window));
      for (const { op, value } of expression.where ?? []) this.#add(`where ${op} ${operandKind(op, value)}`);
      if (expression.aggregate !== undefined) this.#add(`${expression.aggregate.fn} ${expression.aggregate.op}`);
      else this.#add(`count ${expression.count?.op ?? 'absent'}`);
    } else if ('sequence' in expression) {
      for (const shape of sequenceShapes(expression)) this.#add(shape);
    } else this.#add('segment' in expression ? 'segment' : 'random');
  }
}

function operandKind(op: Operator, value: Operand | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'object' && !Array.isArray(value)) return 'reference';
  if (['within_last', 'within_next', 'older_than'].includes(op)) return 'duration';
  const kinds = new Set(
    (Array.isArray(value) ? value : [value]).map((each) => (isDateText(each) ? 'date' : typeof each)),
  );
  return kinds.size === 1 ? [...kinds][0] : 'mixed';
}

function windowKind(window: Window | undefined): string {
  if (window === undefined) return 'window absent';
  if ('last' in window) return 'window last';
  if ('between' in window) return 'window between';
  if ('calendar' in window) {
    const offset = window.offset ?? 0;
    const zone = (window.timeZone ?? 'UTC') === 'UTC' ? 'UTC' : 'zone';
    return `window ${window.calendar} ${offset === 0 ? 'current' : offset < 0 ? 'past' : 'next'} ${zone}`;
  }
  return `window${window.from === undefined ? '' : ' from'}${window.to === undefined ? '' : ' to'}`;
}

function sequenceShapes({ sequence, window }: SequenceLeaf): readonly string[] {
  const steps = sequence.flatMap(({ within, without, nth, where }, i) => [
    ...(within === undefined ? [] : ['within']),
    ...(without === undefined ? [] : [without.where === undefined ? 'without' : 'without where']),
    ...(nth === undefined ? [] : [i === 0 ? 'first at the start' : 'first later']),
    ...(where === undefined ? [] : ['where']),
    ...(within !== undefined && without !== undefined ? ['within and without'] : []),
  ]);
  const time = window === undefined ? [] : ['in a window'];
  return [`${sequence.length} steps`, ...steps, ...time].map((shape) => `sequence ${shape}`);
}

function analysisShapes({ as, breakdown, funnel, retention, rfm, overlap }: Analysis): readonly string[] {
  const parts = breakdown ?? funnel ?? retention ?? rfm ?? overlap ?? {};
  const members = Object.keys(parts).filter((key) => ANALYSIS_MEMBERS[as].includes(key));
  const fn = breakdown?.aggregate?.fn;
  const dimensions = (breakdown?.by ?? []).map((each) => (typeof each === 'string' ? 'text' : Object.keys(each)[0]));
  const by = funnel?.by === undefined ? [] : [typeof funnel.by === 'string' ? 'text' : Object.keys(funnel.by)[0]];
  const saved = (overlap?.segments ?? []).map((each) => (typeof each === 'string' ? 'saved' : 'named'));
  const without = funnel?.steps.some((step) => step.without !== undefined) ? ['without'] : [];
  const details = [
    ...members,
    ...dimensions.map((each) => `by ${each}`),
    ...by.map((each) => `by ${each}`),
    ...saved,
    ...without,
  ];
  return [as, ...details.map((each) => `${as} ${each}`), ...(fn === undefined ? [] : [`breakdown ${fn}`])];
}

/** Members that may be there or not. */
const ANALYSIS_MEMBERS: Readonly<Record<AnalysisKind, readonly string[]>> = {
  breakdown: ['event', 'where', 'window', 'limit'],
  funnel: ['within', 'window', 'limit'],
  retention: ['return', 'periods', 'timeZone', 'window'],
  rfm: ['where', 'window', 'scores', 'order'],
  overlap: [],
};

function operandKindsOf(op: Operator): readonly string[] {
  const reference = REFERENCE_OPERATORS.includes(op) ? ['reference'] : [];
  if (op === 'exists' || op === 'not_exists') return ['nothing'];
  if (op === 'within_last' || op === 'within_next' || op === 'older_than') return ['duration'];
  if (op === 'before' || op === 'after') return ['date', ...reference];
  if (op === 'starts_with' || op === 'ends_with' || op === 'matches') return ['string', ...reference];
  if (op === 'in' || op === 'not_in') return ['number', 'string', 'boolean', 'date', 'mixed'];
  const scalars = ['number', 'string', 'date', ...reference];
  return ['lt', 'lte', 'gt', 'gte', 'between'].includes(op) ? scalars : [...scalars, 'boolean'];
}

function expectedShapes(): readonly string[] {
  const predicates = OPERATORS.flatMap((op) => operandKindsOf(op).map((kind) => `${op} ${kind}`));
  const aggregates = AGGREGATE_FUNCTIONS.flatMap((fn) =>
    (fn === 'first' || fn === 'last' ? OPERATORS : NUMBER_OPERATORS).map((op) => `${fn} ${op}`),
  );
  const calendars = CALENDAR_UNITS.flatMap((unit) =>
    ['current', 'past', 'next'].flatMap((offset) => ['UTC', 'zone'].map((zone) => `${unit} ${offset} ${zone}`)),
  );
  const windows = ['absent', 'last', 'between', 'from', 'to', 'from to', ...calendars];
  return [
    ...['now', 'at', 'and', 'or', 'not', 'count absent'],
    ...['trait', 'where'].flatMap((kind) => predicates.map((shape) => `${kind} ${shape}`)),
    ...COUNT_OPERATORS.map((op) => `count ${op}`),
    ...windows.map((kind) => `window ${kind}`),
    ...aggregates,
    ...['segment', 'random'],
    ...[
      '1 steps',
      '2 steps',
      '3 steps',
      '4 steps',
      'within',
      'without',
      'without where',
      'within and without',
      'where',
    ].map((shape) => `sequence ${shape}`),
    ...['first at the start', 'first later', 'in a window'].map((shape) => `sequence ${shape}`),
    ...ANALYSIS_KINDS.flatMap((kind) => [kind, ...ANALYSIS_MEMBERS[kind].map((member) => `${kind} ${member}`)]),
    ...['text', 'trait', 'property', 'period'].map((kind) => `breakdown by ${kind}`),
    ...['text', 'trait', 'property'].map((kind) => `funnel by ${kind}`),
    ...['funnel without', 'overlap saved', 'overlap named'],
    ...[...AGGREGATE_FUNCTIONS, 'median'].map((fn) => `breakdown ${fn}`),
    ...[...AGGREGATE_FUNCTIONS, ...TOTAL_FUNCTIONS].map((fn) => `total ${fn} event`),
    ...['sum', 'avg', 'min', 'max', 'count_distinct', ...TOTAL_FUNCTIONS].map((fn) => `total ${fn} trait`),
  ];
}

export const EXPECTED_SHAPES = expectedShapes();
