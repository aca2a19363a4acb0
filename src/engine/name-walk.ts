/** Every trait, event and property that a checked question names, each with its JSON pointer. Names in saved segments are theirs. */
import type { EventChoice } from '../model/analysis.ts';
import type { Collection, EventLeaf, Expression, Operand, SequenceLeaf } from '../model/expression.ts';
import type { CheckedRequest } from '../query/parser/check-request.ts';

export interface NameVisitor {
  trait(name: string, pointer: string): void;
  accountTrait(name: string, pointer: string): void;
  event(name: string, pointer: string): void;
  property(event: string, name: string, pointer: string): void;
}

/** A name, and whose it is. As plain data, so that it can be asked for elsewhere. */
export type NamedThing =
  | { readonly kind: 'trait' | 'accountTrait' | 'event'; readonly name: string }
  | { readonly kind: 'property'; readonly event: string; readonly name: string };

export function nameKey(thing: NamedThing): string {
  return thing.kind === 'property' ? `property\0${thing.event}\0${thing.name}` : `${thing.kind}\0${thing.name}`;
}

/** Tells of every name in one way. */
export function eachName(see: (thing: NamedThing, pointer: string) => void): NameVisitor {
  return {
    trait: (name, pointer) => see({ kind: 'trait', name }, pointer),
    accountTrait: (name, pointer) => see({ kind: 'accountTrait', name }, pointer),
    event: (name, pointer) => see({ kind: 'event', name }, pointer),
    property: (event, name, pointer) => see({ kind: 'property', event, name }, pointer),
  };
}

type Where = EventLeaf['where'];

/** Pointers into the condition, which is about people or accounts. */
export function visitExpression(
  visitor: NameVisitor,
  expression: Expression,
  at = '',
  of: Collection = 'people',
): void {
  if ('and' in expression) visitList(visitor, expression.and, `${at}/and`, of);
  else if ('or' in expression) visitList(visitor, expression.or, `${at}/or`, of);
  else if ('not' in expression) visitExpression(visitor, expression.not, `${at}/not`, of);
  else if ('account' in expression) visitExpression(visitor, expression.account, `${at}/account`, 'accounts');
  else if ('people' in expression) visitExpression(visitor, expression.people, `${at}/people`, 'people');
  else if ('trait' in expression && of === 'accounts') {
    visitor.accountTrait(expression.trait, `${at}/trait`);
    const { value } = expression;
    if (typeof value === 'object' && value !== null && 'trait' in value) {
      visitor.accountTrait(value.trait, `${at}/value/trait`);
    }
  } else if ('trait' in expression) {
    visitor.trait(expression.trait, `${at}/trait`);
    visitOperand(visitor, undefined, expression.value, `${at}/value`);
  } else if ('event' in expression) visitEventLeaf(visitor, expression, at);
  else if ('sequence' in expression) visitSequence(visitor, expression, at);
}

function visitList(visitor: NameVisitor, parts: readonly Expression[], at: string, of: Collection): void {
  for (let i = 0; i < parts.length; i++) visitExpression(visitor, parts[i], `${at}/${i}`, of);
}

function visitEventLeaf(visitor: NameVisitor, leaf: EventLeaf, at: string): void {
  visitChoice(visitor, leaf, at);
  const { aggregate } = leaf;
  if (aggregate === undefined) return;
  visitor.property(leaf.event, aggregate.property, `${at}/aggregate/property`);
  visitOperand(visitor, undefined, aggregate.value, `${at}/aggregate/value`);
}

function visitSequence(visitor: NameVisitor, { sequence }: SequenceLeaf, at: string): void {
  sequence.forEach((step, i) => {
    const stepAt = `${at}/sequence/${i}`;
    visitChoice(visitor, step, stepAt);
    if (step.without !== undefined) visitChoice(visitor, step.without, `${stepAt}/without`);
  });
}

function visitChoice(visitor: NameVisitor, choice: EventChoice, at: string): void {
  visitor.event(choice.event, `${at}/event`);
  visitWhere(visitor, choice.event, choice.where, at);
}

function visitWhere(visitor: NameVisitor, event: string, where: Where, at: string): void {
  where?.forEach(({ property, value }, i) => {
    visitor.property(event, property, `${at}/where/${i}/property`);
    visitOperand(visitor, event, value, `${at}/where/${i}/value`);
  });
}

function visitOperand(visitor: NameVisitor, event: string | undefined, value: Operand | undefined, at: string): void {
  if (typeof value !== 'object' || value === null) return;
  if ('trait' in value) visitor.trait(value.trait, `${at}/trait`);
  else if ('property' in value && event !== undefined) visitor.property(event, value.property, `${at}/property`);
}

/** What the question names beside its `where`. Pointers into the request. */
export function visitAnalysis(visitor: NameVisitor, request: CheckedRequest): void {
  const { aggregate, funnel, retention, rfm, overlap } = request;
  if (aggregate !== undefined) {
    const { event, property, trait, where } = aggregate;
    if (trait !== undefined) visitor.trait(trait, '/aggregate/trait');
    if (event !== undefined) {
      visitChoice(visitor, { event, where }, '/aggregate');
      if (property !== undefined) visitor.property(event, property, '/aggregate/property');
    }
  }
  visitBreakdown(visitor, request);
  if (funnel !== undefined) visitFunnel(visitor, funnel);
  if (retention !== undefined) {
    visitChoice(visitor, retention.cohort, '/retention/cohort');
    if (retention.return !== undefined) visitChoice(visitor, retention.return, '/retention/return');
  }
  if (rfm !== undefined) {
    visitChoice(visitor, rfm, '/rfm');
    visitor.property(rfm.event, rfm.amount, '/rfm/amount');
    if (rfm.order !== undefined) visitor.property(rfm.event, rfm.order, '/rfm/order');
  }
  overlap?.segments.forEach((segment, i) => {
    if (typeof segment !== 'string' && typeof segment.where !== 'string') {
      visitExpression(visitor, segment.where, `/overlap/segments/${i}/where`);
    }
  });
}

function visitBreakdown(visitor: NameVisitor, { breakdown }: CheckedRequest): void {
  if (breakdown === undefined) return;
  const { by, event, where, aggregate } = breakdown;
  if (event !== undefined) visitChoice(visitor, { event, where }, '/breakdown');
  by.forEach((dimension, i) => {
    const at = `/breakdown/by/${i}`;
    if (typeof dimension === 'string') visitor.trait(dimension, at);
    // A text alone became a trait: the place is true of both.
    else if ('trait' in dimension) visitor.trait(dimension.trait, at);
    else if ('property' in dimension && event !== undefined)
      visitor.property(event, dimension.property, `${at}/property`);
  });
  if (aggregate?.trait !== undefined) visitor.trait(aggregate.trait, '/breakdown/aggregate/trait');
  if (aggregate?.property !== undefined && event !== undefined)
    visitor.property(event, aggregate.property, '/breakdown/aggregate/property');
}

function visitFunnel(visitor: NameVisitor, { steps, by }: NonNullable<CheckedRequest['funnel']>): void {
  steps.forEach((step, i) => {
    const at = `/funnel/steps/${i}`;
    visitChoice(visitor, step, at);
    if (step.without !== undefined) visitChoice(visitor, step.without, `${at}/without`);
  });
  if (by === undefined) return;
  if (typeof by === 'string') visitor.trait(by, '/funnel/by');
  else if ('trait' in by) visitor.trait(by.trait, '/funnel/by');
  else if (steps.length > 0) visitor.property(steps[0].event, by.property, '/funnel/by/property');
}
