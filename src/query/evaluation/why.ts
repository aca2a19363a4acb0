/**
 * Why one profile fits a condition or does not: the condition's tree with the truth of every node, what each leaf saw, and when each
 * node's truth changes next if nothing new comes. Leaves are asked again at the moments at which they can change
 * (`moments.ts`), in order of time, until every node has changed once; so the answer is exact to the millisecond.
 *
 * Bounded by work, not by time: after `WORK_MAX` looks at events the nodes that did not change yet are given null, as those that
 * never do. A profile needs some 3,000 events of one name inside one window to come near it.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { Expression } from '../../model/expression.ts';
import type { WhyNode, WhySaw } from '../../model/segment.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { ExpressionBinder } from '../binder/bind-expression.ts';
import type { Memberships } from '../binder/membership.ts';
import { RowSelector } from '../binder/row-selector.ts';
import { printExpression } from '../parser/print.ts';
import { MomentFinder } from './moments.ts';
import { compileRowTest } from './row-test.ts';
import { Sight } from './sight.ts';

const WORK_MAX = 10_000_000;

export interface WhySubject {
  readonly data: ShardData;
  readonly row: number;
  readonly nowMs: number;
  /** Of the leaves about accounts. */
  readonly memberships?: Memberships | undefined;
  /** The condition of a saved segment. The caller has looked that all are known and none reaches itself. */
  definition(key: string): Expression;
}

interface Node {
  readonly expression: Expression;
  readonly parts: readonly Node[];
  /** Whether anything below looks at the clock. */
  readonly mayChange: boolean;
  isTrue: boolean;
  /** At the moment looked at. */
  isTrueThen: boolean;
  changesAtMs: number | undefined;
  saw: WhySaw | undefined;
}

interface Leaf {
  readonly node: Node;
  readonly moments: Float64Array;
  /** Of `moments`. */
  next: number;
  /** Events it looks at when it is asked, at most. */
  readonly eventCount: number;
}

export function explain(expression: Expression, subject: WhySubject): WhyNode {
  return new Explanation(subject).explain(expression);
}

class Explanation {
  readonly #subject: WhySubject;
  readonly #selector = new RowSelector();
  /** Parts before what they are parts of. */
  readonly #nodes: Node[] = [];
  readonly #leaves: Leaf[] = [];

  constructor(subject: WhySubject) {
    this.#subject = subject;
  }

  explain(expression: Expression): WhyNode {
    const { data, row, nowMs } = this.#subject;
    const { conditions } = this.#binder(nowMs);
    const finder = new MomentFinder(data, conditions, row, nowMs);
    const sight = new Sight(data, conditions, row);
    const root = this.#build(expression, finder, sight);
    this.#look();
    return answerOf(root);
  }

  #binder(nowMs: number): ExpressionBinder {
    const { memberships } = this.#subject;
    return new ExpressionBinder(this.#subject.data, this.#selector, { nowMs, atMs: undefined, memberships });
  }

  #isTrue(leaf: Expression, nowMs: number): boolean {
    return compileRowTest(this.#binder(nowMs).bind(leaf))(this.#subject.row);
  }

  #build(expression: Expression, finder: MomentFinder, sight: Sight): Node {
    const parts = this.#partsOf(expression).map((part) => this.#build(part, finder, sight));
    const moments = finder.of(expression);
    const mayChange = moments.length > 0 || parts.some((part) => part.mayChange);
    const state = { isTrue: false, isTrueThen: false, changesAtMs: undefined, saw: undefined };
    const node: Node = { expression, parts, mayChange, ...state };
    if (isInner(expression)) {
      node.isTrue = truthOf(node);
    } else {
      node.isTrue = this.#isTrue(expression, this.#subject.nowMs);
      node.saw = sight.of(expression);
      if (moments.length > 0) this.#leaves.push({ node, moments, next: 0, eventCount: this.#eventCount(expression) });
    }
    node.isTrueThen = node.isTrue;
    this.#nodes.push(node);
    return node;
  }

  #partsOf(expression: Expression): readonly Expression[] {
    if ('and' in expression) return expression.and;
    if ('or' in expression) return expression.or;
    if ('not' in expression) return [expression.not];
    return 'segment' in expression ? [this.#subject.definition(expression.segment)] : [];
  }

  #eventCount(leaf: Expression): number {
    const names =
      'event' in leaf
        ? [leaf.event]
        : 'sequence' in leaf
          ? leaf.sequence.flatMap(({ event, without }) => (without === undefined ? [event] : [event, without.event]))
          : [];
    let count = 1;
    for (const name of names) {
      const table = this.#subject.data.tableOf(name);
      const slot = table?.slotOf(this.#subject.row) ?? -1;
      if (table !== undefined && slot >= 0) count += table.countAt(slot);
    }
    return count;
  }

  /** Goes from moment to moment until every node has changed, or none can any more. */
  #look(): void {
    let work = 0;
    let open = this.#nodes.filter(({ mayChange }) => mayChange).length;
    for (let moment = this.#nextMoment(); moment < Infinity && open > 0; moment = this.#nextMoment()) {
      let isChanged = false;
      for (const leaf of this.#leaves) {
        if (leaf.moments[leaf.next] !== moment) continue;
        leaf.next += 1;
        work += leaf.eventCount;
        const isTrue = this.#isTrue(leaf.node.expression, moment);
        if (isTrue === leaf.node.isTrueThen) continue;
        leaf.node.isTrueThen = isTrue;
        isChanged = true;
      }
      if (isChanged) open -= this.#settle(moment);
      if (work > WORK_MAX) return;
    }
  }

  #nextMoment(): number {
    let least = Infinity;
    for (const { moments, next } of this.#leaves) {
      if (next < moments.length && moments[next] < least) least = moments[next];
    }
    return least;
  }

  /** Notes what changed at this moment for the first time; gives how many nodes that were. */
  #settle(moment: number): number {
    let count = 0;
    for (const node of this.#nodes) {
      if (isInner(node.expression)) node.isTrueThen = truthThenOf(node);
      if (node.changesAtMs !== undefined || node.isTrueThen === node.isTrue) continue;
      node.changesAtMs = moment;
      count += 1;
    }
    return count;
  }
}

function isInner(expression: Expression): boolean {
  return 'and' in expression || 'or' in expression || 'not' in expression || 'segment' in expression;
}

function truthOf({ expression, parts }: Node): boolean {
  if ('or' in expression) return parts.some((part) => part.isTrue);
  if ('not' in expression) return !parts[0].isTrue;
  return parts.every((part) => part.isTrue);
}

function truthThenOf({ expression, parts }: Node): boolean {
  if ('or' in expression) return parts.some((part) => part.isTrueThen);
  if ('not' in expression) return !parts[0].isTrueThen;
  return parts.every((part) => part.isTrueThen);
}

function answerOf({ expression, parts, isTrue, changesAtMs, saw }: Node): WhyNode {
  return {
    text: printExpression(expression),
    isTrue,
    ...(saw === undefined ? {} : { saw }),
    changesAt: changesAtMs === undefined ? null : formatIsoDate(changesAtMs),
    ...(parts.length === 0 ? {} : { of: parts.map(answerOf) }),
  };
}
