/** `did …`: event conditions and sequences, and `sum of … over …`: aggregates. */
import type {
  AggregateFunction,
  CountCondition,
  EventLeaf,
  PropertyPredicate,
  SequenceLeaf,
  SequenceStep,
  Window,
} from '../../model/expression.ts';
import { parseCondition } from './parse-condition.ts';
import { acceptWindow } from './parse-window.ts';
import type { Token } from './token.ts';
import type { TokenStream } from './token-stream.ts';

type Where = readonly PropertyPredicate[];

/** What may follow an event's name, in any order, each once. */
interface EventParts {
  nth?: 'first';
  where?: Where;
  count?: CountCondition;
  within?: string;
  without?: { readonly event: string; readonly where?: Where };
  window?: Window;
}

/** After `did`. */
export function parseDid(stream: TokenStream): EventLeaf | SequenceLeaf {
  if (stream.acceptWord('not') !== undefined) return parseDidNot(stream);
  const event = expectEvent(stream);
  const parts = parseParts(stream, event.text, true);
  if (stream.isWord('then') || parts.nth !== undefined) return parseSequence(stream, event, parts);
  // A step has neither.
  if (parts.count === undefined && parts.window === undefined) stream.note('"then"', ['then']);
  const { within, without, ...rest } = parts;
  if (within !== undefined || without !== undefined) {
    stream.refuse(
      '"within" and "without" look back to the step before, so they follow a "then"; for a window write "in last"',
      event,
    );
  }
  return namedAt(stream, event, { event: event.text, ...rest });
}

function expectEvent(stream: TokenStream): Token {
  stream.offer({ kind: 'event' });
  return stream.expectKind('text');
}

/** The node's event was written at `token`. */
function namedAt<Node extends object>(stream: TokenStream, token: Token, node: Node): Node {
  stream.sourceMap.mark(node, token, 'event');
  return node;
}

function parseDidNot(stream: TokenStream): EventLeaf {
  const event = expectEvent(stream);
  const { nth, count, within, without, ...rest } = parseParts(stream, event.text, true);
  const isPlain = nth === undefined && count === undefined && within === undefined && without === undefined;
  if (!isPlain || stream.isWord('then')) {
    stream.refuse('"did not" takes only "where" and a window; write not (did …) around the rest', event);
  }
  return namedAt(stream, event, { event: event.text, ...rest, count: { op: 'eq', value: 0 } });
}

function parseSequence(stream: TokenStream, first: Token, firstParts: EventParts): SequenceLeaf {
  const sequence: SequenceStep[] = [];
  let event = first;
  let parts = firstParts;
  while (true) {
    const { count, window, ...step } = parts;
    if (count !== undefined) stream.refuse('a step of a sequence has no count', event);
    const node: SequenceStep = { event: event.text, ...step };
    stream.sourceMap.mark(node, stream.spanFrom(event.start));
    sequence.push(namedAt(stream, event, node));
    if (stream.acceptWord('then') === undefined) return window === undefined ? { sequence } : { sequence, window };
    if (window !== undefined) {
      stream.refuse(
        'the window of a sequence is written once, after its last step',
        stream.sourceMap.find(window, '') ?? event,
      );
    }
    event = expectEvent(stream);
    parts = parseParts(stream, event.text, true);
  }
}

/** Greedy: takes every part that follows. */
function parseParts(stream: TokenStream, event: string, isDid: boolean): EventParts {
  const parts: EventParts = {};
  while (true) {
    const token = stream.current;
    const part = parsePart(stream, event, isDid);
    if (part === undefined) return parts;
    const [key] = Object.keys(part);
    if (Object.hasOwn(parts, key)) stream.refuse(`there are two of the same kind (${key}) after one event`, token);
    Object.assign(parts, part);
  }
}

function parsePart(stream: TokenStream, event: string, isDid: boolean): EventParts | undefined {
  if (stream.acceptWord('where') !== undefined) return { where: parseWhere(stream, event) };
  if (isDid) {
    if (stream.acceptWord('first') !== undefined) return { nth: 'first' };
    if (stream.acceptWord('within') !== undefined) return { within: stream.expectKind('duration').text };
    if (stream.acceptWord('without') !== undefined) return { without: parseWithout(stream) };
    const count = acceptCount(stream);
    if (count !== undefined) return { count };
    if (stream.current.kind === 'number') {
      stream.refuse(
        'a count says how it is meant: "at least", "at most" or "exactly" so many times',
        stream.current,
        'exactly',
      );
    }
  }
  const window = acceptWindow(stream);
  return window === undefined ? undefined : { window };
}

function parseWithout(stream: TokenStream): { event: string; where?: Where } {
  const event = expectEvent(stream);
  const where = stream.acceptWord('where') === undefined ? undefined : parseWhere(stream, event.text);
  return namedAt(stream, event, { event: event.text, ...(where === undefined ? {} : { where }) });
}

/** One predicate, several with commas, or several in parentheses with `and` or commas. */
function parseWhere(stream: TokenStream, event: string): Where {
  const isGroup = stream.acceptSymbol('(');
  const where = [parsePredicate(stream, event)];
  while (stream.acceptSymbol(',') || (isGroup && stream.acceptWord('and') !== undefined))
    where.push(parsePredicate(stream, event));
  if (isGroup) stream.expectSymbol(')');
  return where;
}

function parsePredicate(stream: TokenStream, event: string): PropertyPredicate {
  stream.offer({ kind: 'property', event });
  const name = stream.expectName();
  const condition = parseCondition(stream, { property: name.text, event });
  const predicate = { property: name.text, ...condition };
  stream.sourceMap.adopt(predicate, condition, stream.spanFrom(name.start));
  stream.sourceMap.mark(predicate, name, 'property');
  return predicate;
}

function acceptCount(stream: TokenStream): CountCondition | undefined {
  const start = stream.current.start;
  const count = parseCount(stream);
  if (count === undefined) return undefined;
  stream.expectWord('times', 'time');
  stream.sourceMap.mark(count, stream.spanFrom(start));
  return count;
}

function parseCount(stream: TokenStream): CountCondition | undefined {
  const number = (): number => Number(stream.expectKind('number').text);
  if (stream.acceptWord('at') !== undefined) {
    return { op: stream.expectWord('least', 'most') === 'least' ? 'gte' : 'lte', value: number() };
  }
  const comparison = stream.acceptWord('more', 'fewer', 'less');
  if (comparison !== undefined) {
    stream.expectWord('than');
    return { op: comparison === 'more' ? 'gt' : 'lt', value: number() };
  }
  if (stream.acceptWord('exactly') !== undefined) return { op: 'eq', value: number() };
  if (stream.isWord('not') && stream.isWord('exactly', 1)) {
    stream.take();
    stream.take();
    return { op: 'neq', value: number() };
  }
  if (stream.isWord('between') && stream.peek(1).kind === 'number') {
    stream.take();
    const low = number();
    stream.expectWord('and');
    return { op: 'between', value: [low, number()] };
  }
  return undefined;
}

/** After `sum of`, `count distinct of` and the like. */
export function parseAggregate(stream: TokenStream, fn: AggregateFunction): EventLeaf {
  stream.offer({ kind: 'property', event: undefined });
  const property = stream.expectName();
  stream.expectWord('over');
  const event = expectEvent(stream);
  const { where, window } = parseParts(stream, event.text, false);
  const condition = parseCondition(stream);
  const aggregate = { fn, property: property.text, ...condition };
  stream.sourceMap.adopt(aggregate, condition, stream.spanFrom(property.start));
  stream.sourceMap.mark(aggregate, property, 'property');
  return namedAt(stream, event, {
    event: event.text,
    ...(where === undefined ? {} : { where }),
    aggregate,
    ...(window === undefined ? {} : { window }),
  });
}
