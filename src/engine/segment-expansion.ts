/**
 * Saved conditions put in the place of their names, before anything is bound. Every definition is expanded once per call and then
 * shared, and what it would be written out is counted while doing so: definitions that double at each step (a names b twice, b
 * names c twice …) are refused by their size before anybody walks them.
 */
import { nearestWord } from '../base/nearest-word.ts';
import { EngineError } from '../model/error.ts';
import type { EventLeaf, Expression, SequenceLeaf } from '../model/expression.ts';
import { DEFAULT_QUERY_LIMITS } from '../model/limits.ts';
import { quoted, suggestionText } from '../query/parser/suggestion.ts';

/** Conditions of the whole, written out: as many as one query may have. */
const NODE_COUNT_MAX = DEFAULT_QUERY_LIMITS.nodeCount;
/** What looks at events counts so much more, as there may be so many fewer. */
const EVENT_NODE_WEIGHT = NODE_COUNT_MAX / DEFAULT_QUERY_LIMITS.eventNodeCount;
/** Nesting of the whole: bounds the recursion of all that walks it. */
const DEPTH_MAX = 4 * DEFAULT_QUERY_LIMITS.depth;
/** Literals of a list that weigh as much as one condition. */
const LITERALS_PER_NODE = 100;

export interface SegmentDefinitions {
  definition(key: string): Expression | undefined;
  /** For "did you mean". */
  keys(): Iterable<string>;
}

interface Expanded {
  readonly expression: Expression;
  readonly nodeCount: number;
  readonly depth: number;
}

/** Whether the condition names a segment itself. */
export function namesSegment(expression: Expression): boolean {
  if ('segment' in expression) return true;
  if ('and' in expression) return expression.and.some(namesSegment);
  if ('or' in expression) return expression.or.some(namesSegment);
  if ('account' in expression) return namesSegment(expression.account);
  if ('people' in expression) return namesSegment(expression.people);
  return 'not' in expression && namesSegment(expression.not);
}

/** The keys that the condition names itself, each once. */
export function namedSegments(expression: Expression, found: Set<string> = new Set()): Set<string> {
  if ('segment' in expression) found.add(expression.segment);
  else if ('and' in expression) for (const part of expression.and) namedSegments(part, found);
  else if ('or' in expression) for (const part of expression.or) namedSegments(part, found);
  else if ('not' in expression) namedSegments(expression.not, found);
  else if ('account' in expression) namedSegments(expression.account, found);
  else if ('people' in expression) namedSegments(expression.people, found);
  return found;
}

/**
 * Errors: unknown_segment, segment_cycle (`details.path`: the keys from the first to its return), query_too_large.
 * For the other two `details.path` is the JSON pointer of the leaf in `expression` that led there, for a cycle `details.pointer`.
 */
export function expandSegments(expression: Expression, definitions: SegmentDefinitions): Expression {
  if (!namesSegment(expression)) return expression;
  return new SegmentExpansion(definitions).expand(expression);
}

/** One expansion of several conditions that share what they name. */
export class SegmentExpansion {
  readonly #definitions: SegmentDefinitions;
  readonly #done = new Map<string, Expanded>();
  /** Keys on the way down, outermost first. */
  readonly #way: string[] = [];
  /** Keys on the way that the caller did not write: 1 while a saved segment itself is looked at. */
  #ownCount = 0;
  #pointer = '';

  constructor(definitions: SegmentDefinitions) {
    this.#definitions = definitions;
  }

  expand(expression: Expression): Expression {
    this.#start(0);
    return this.#node(expression, '', 1).expression;
  }

  /** The condition of a saved segment, with all that it names; pointers are into that condition. */
  expandKey(key: string): Expression {
    this.#start(1);
    return this.#segment(key, '', 1).expression;
  }

  #start(ownCount: number): void {
    this.#way.length = 0;
    this.#ownCount = ownCount;
    this.#pointer = '';
  }

  #node(expression: Expression, pointer: string, depth: number): Expanded {
    if (depth > DEPTH_MAX) this.#refuseSize(`segments in segments are nested more than ${DEPTH_MAX} deep`, pointer);
    if ('segment' in expression) return this.#segment(expression.segment, pointer, depth);
    if ('and' in expression) {
      const { parts, ...size } = this.#list(expression.and, `${pointer}/and`, depth);
      return { expression: { and: parts }, ...size };
    }
    if ('or' in expression) {
      const { parts, ...size } = this.#list(expression.or, `${pointer}/or`, depth);
      return { expression: { or: parts }, ...size };
    }
    if ('not' in expression) {
      const inner = this.#node(expression.not, `${pointer}/not`, depth + 1);
      return { expression: { not: inner.expression }, ...around(inner) };
    }
    if ('account' in expression) {
      const inner = this.#node(expression.account, `${pointer}/account`, depth + 1);
      return { ...around(inner), expression: { ...expression, account: inner.expression } };
    }
    if ('people' in expression) {
      const inner = this.#node(expression.people, `${pointer}/people`, depth + 1);
      return { ...around(inner), expression: { ...expression, people: inner.expression } };
    }
    return { expression, nodeCount: leafWeight(expression), depth: 1 };
  }

  #list(items: readonly Expression[], pointer: string, depth: number) {
    const parts: Expression[] = [];
    let nodeCount = 1;
    let below = 0;
    items.forEach((item, index) => {
      const part = this.#node(item, `${pointer}/${index}`, depth + 1);
      parts.push(part.expression);
      nodeCount += part.nodeCount;
      below = Math.max(below, part.depth);
      if (nodeCount > NODE_COUNT_MAX) this.#refuseCount(pointer);
    });
    return { parts, nodeCount, depth: below + 1 };
  }

  #segment(key: string, pointer: string, depth: number): Expanded {
    // Inside another definition the place that the caller sees is the leaf that led into it.
    if (this.#way.length === this.#ownCount) this.#pointer = pointer;
    const known = this.#done.get(key);
    if (known !== undefined) {
      if (depth + known.depth > DEPTH_MAX)
        this.#refuseSize(`segments in segments are nested more than ${DEPTH_MAX} deep`, pointer);
      return known;
    }
    const before = this.#way.indexOf(key);
    if (before >= 0) throw cycleError([...this.#way.slice(before), key], `${this.#pointer}/segment`);
    const definition = this.#definitions.definition(key);
    if (definition === undefined) throw unknownError(key, this.#way, this.#definitions.keys(), this.#pointer);
    this.#way.push(key);
    const expanded = this.#node(definition, '', depth);
    this.#way.pop();
    if (expanded.nodeCount > NODE_COUNT_MAX) this.#refuseCount(pointer);
    this.#done.set(key, expanded);
    return expanded;
  }

  #refuseCount(pointer: string): never {
    this.#refuseSize(`with the segments that it names the condition has more than ${NODE_COUNT_MAX} parts`, pointer);
  }

  #refuseSize(message: string, pointer: string): never {
    const at = this.#way.length <= this.#ownCount ? pointer : this.#pointer;
    const [segment] = this.#way;
    throw new EngineError('query_too_large', message, {
      details: { path: at, ...(segment === undefined ? {} : { segment }) },
    });
  }
}

/** The size of a condition with one part. */
function around({ nodeCount, depth }: Expanded): Omit<Expanded, 'expression'> {
  return { nodeCount: nodeCount + 1, depth: depth + 1 };
}

function cycleError(way: readonly string[], pointer: string): EngineError {
  return new EngineError('segment_cycle', `the segment reaches itself: ${way.join(' → ')}`, {
    details: { path: way, pointer },
  });
}

function unknownError(key: string, way: readonly string[], keys: Iterable<string>, pointer: string): EngineError {
  const suggestion = nearestWord(key, [...keys]);
  const inside = way.length === 0 ? '' : ` (named by ${way.join(' → ')})`;
  return new EngineError(
    'unknown_segment',
    `there is no segment ${quoted(key)}${inside}${suggestionText(suggestion)}`,
    {
      details: { segment: key, path: `${pointer}/segment`, ...(suggestion === undefined ? {} : { suggestion }) },
    },
  );
}

type Leaf = Exclude<
  Expression,
  | { readonly and: unknown }
  | { readonly or: unknown }
  | { readonly not: unknown }
  | { readonly segment: unknown }
  | { readonly account: unknown }
  | { readonly people: unknown }
>;

/** What the leaf costs to bind: its predicates and steps, and its lists of literals. */
function leafWeight(leaf: Leaf): number {
  if ('trait' in leaf) return 1 + literalWeight(leaf.value);
  if ('event' in leaf) return EVENT_NODE_WEIGHT + whereWeight(leaf.where) + literalWeight(leaf.aggregate?.value);
  return 'sequence' in leaf ? sequenceWeight(leaf) : 1;
}

function sequenceWeight({ sequence }: SequenceLeaf): number {
  let weight = 1;
  for (const { where, without } of sequence) {
    weight += EVENT_NODE_WEIGHT + whereWeight(where);
    if (without !== undefined) weight += EVENT_NODE_WEIGHT + whereWeight(without.where);
  }
  return weight;
}

function whereWeight(where: EventLeaf['where']): number {
  let weight = 0;
  for (const { value } of where ?? []) weight += EVENT_NODE_WEIGHT + literalWeight(value);
  return weight;
}

function literalWeight(value: unknown): number {
  return Array.isArray(value) ? Math.floor(value.length / LITERALS_PER_NODE) : 0;
}
