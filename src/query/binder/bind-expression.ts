/**
 * From the checked AST to an expression over one shard's columns. A name that this shard has never seen is not a mistake:
 * it holds for nobody here (and its negation for everybody). What is not built yet was refused by `assertSupported`.
 */
import { assert } from '../../base/assert.ts';
import { splitPath } from '../../base/path.ts';
import type { AccountLeaf, Expression, PeopleLeaf, TraitLeaf } from '../../model/expression.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { isFieldReference } from './bind-compare.ts';
import { ConditionBinder } from './bind-condition.ts';
import { bindEvents, type Moment } from './bind-events.ts';
import { bindSeen } from './bind-seen.ts';
import { bindSequence } from './bind-sequence.ts';
import type { BoundExpression } from './bound-expression.ts';
import { and, FALSE, not, or } from './formula.ts';
import type { Selector } from './selector.ts';
import { bindOperator } from './value-test.ts';

export class ExpressionBinder {
  readonly conditions: ConditionBinder;
  readonly #data: ShardData;
  readonly #moment: Moment;

  constructor(data: ShardData, selector: Selector, moment: Moment) {
    this.#data = data;
    this.#moment = moment;
    this.conditions = new ConditionBinder(selector, moment.atMs ?? moment.nowMs, moment.past ?? data.profiles);
  }

  bind(expression: Expression): BoundExpression {
    if ('and' in expression) return and<BoundExpression>(expression.and.map((part) => this.bind(part)));
    if ('or' in expression) return or<BoundExpression>(expression.or.map((part) => this.bind(part)));
    if ('not' in expression) return not<BoundExpression>(this.bind(expression.not));
    if ('trait' in expression) return this.#bindTrait(expression);
    if ('sequence' in expression) return bindSequence(this.#data, expression, this.conditions, this.#moment);
    if ('random' in expression) return { kind: 'random', bucket: expression.random, data: this.#data };
    if ('account' in expression || 'people' in expression) return this.#bindMembers(expression);
    assert('event' in expression, 'the expression was not checked for support');
    return bindEvents(this.#data.tableOf(expression.event), expression, this.conditions, this.#moment);
  }

  #bindMembers(leaf: AccountLeaf | PeopleLeaf): BoundExpression {
    const membership = this.#moment.memberships?.get(leaf);
    assert(membership !== undefined, 'conditions on accounts are answered before anything is bound');
    return { kind: 'members', rows: membership(this.#data), leaf };
  }

  /** `first_seen` and `last_seen` are the engine's own; a sent trait of that name is hidden, with all below it. */
  #bindTrait(leaf: TraitLeaf): BoundExpression {
    const { profiles } = this.conditions;
    const segments = splitPath(leaf.trait);
    if (segments[0] !== 'first_seen' && segments[0] !== 'last_seen') {
      return this.conditions.bind(leaf.trait, leaf);
    }
    if (isFieldReference(leaf.value)) return this.conditions.compareTrait(leaf.trait, leaf);
    const operator = bindOperator(leaf.op, leaf.value, this.conditions.nowMs);
    if (segments.length > 1) return operator.isNegative ? not<BoundExpression>(FALSE) : FALSE;
    const column = segments[0] === 'first_seen' ? profiles.firstSeen : profiles.lastSeen;
    return bindSeen(column, operator, this.#moment.past !== undefined);
  }
}
