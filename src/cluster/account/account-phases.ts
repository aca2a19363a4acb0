/**
 * Conditions that lead from people to accounts or back, in a cluster: answered in phases as in one process (`engine/account/account-conditions.ts`),
 * the innermost first. Which people fit is asked of all shards, each of which answers with its accounts; which accounts fit is looked up here.
 *
 * Each phase is of one cut of all shards, and a later phase of a later one.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { leavesOf } from '../../engine/account/account-conditions.ts';
import { accountsOf, type FitAccounts } from '../../engine/account/members.ts';
import type { MergedAccounts } from '../../engine/account/merged-accounts.ts';
import { type FitPart, startedAnew } from '../../engine/account/shard-accounts.ts';
import { plainKind } from '../../engine/answer/part-kind.ts';
import { EngineError } from '../../model/error.ts';
import type { AccountLeaf, Expression, PeopleLeaf } from '../../model/expression.ts';
import type { Membership, Memberships } from '../../query/binder/membership.ts';
import type { SelectOptions, ShardQuery } from '../../query/execution/shard-query.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type ShardSets, withAccounts } from '../question/accounts-port.ts';
import { gatherWith } from '../question/gather.ts';
import type { QuestionPort } from '../question/question-port.ts';

export interface AccountPhasesParts {
  readonly accounts: MergedAccounts;
  /** Over the accounts. */
  readonly query: ShardQuery;
  /** Work on accounts with all that has come. */
  readonly whenCurrent: <R>(work: () => Promise<R>, signal: CancelSignal | undefined) => Promise<R>;
  /** One a shard. */
  readonly ports: () => readonly QuestionPort[];
  readonly clock: Clock;
}

export interface PhaseOptions {
  readonly nowMs: number;
  readonly timeoutMs: number;
  readonly signal?: CancelSignal | undefined;
  readonly passesOff?: readonly string[] | undefined;
}

/** Only accounts that are there: put beside a condition on accounts. */
const LIVING: PeopleLeaf = { people: { and: [] } };

export class AccountPhases {
  readonly #parts: AccountPhasesParts;
  readonly #options: PhaseOptions;
  readonly #startedMs: number;
  readonly #memberships = new Map<Expression, Membership>();
  /** By the leaf's text: what is asked twice is answered once. */
  readonly #fits = new Map<string, readonly FitPart[]>();
  readonly #sets = new Map<string, ShardSets>();

  constructor(parts: AccountPhasesParts, options: PhaseOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#startedMs = parts.clock.monotonicMs();
    this.#memberships.set(LIVING, () => parts.accounts.living());
  }

  get memberships(): Memberships {
    return this.#memberships;
  }

  /** What is left of the time. */
  get timeoutMs(): number {
    const { timeoutMs } = this.#options;
    return Math.max(1, timeoutMs - Math.floor(this.#parts.clock.monotonicMs() - this.#startedMs));
  }

  /** The condition as it is asked of the accounts. */
  livingOnly(expression: Expression): Expression {
    return this.#parts.accounts.hasEmpty ? { and: [LIVING, expression] } : expression;
  }

  /** Of conditions on people: for each leaf about accounts, in their order, whose people fit. */
  async setsOf(expressions: readonly Expression[]): Promise<readonly ShardSets[]> {
    const found: ShardSets[] = [];
    for (const leaf of expressions.flatMap((expression) => leavesOf(expression))) {
      // Leaves of conditions on people are about accounts: the language's checks have seen to it.
      if ('account' in leaf) found.push(await this.#accountLeaf(leaf));
    }
    return found;
  }

  /** Of a condition on accounts, whose leaves about people `memberships` has then. */
  async answer(expression: Expression): Promise<void> {
    for (const leaf of leavesOf(expression)) if ('people' in leaf) await this.#peopleLeaf(leaf);
  }

  async #accountLeaf(leaf: AccountLeaf): Promise<ShardSets> {
    const text = JSON.stringify(leaf.account);
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    await this.answer(leaf.account);
    const { accounts, query, whenCurrent } = this.#parts;
    const sets = await whenCurrent(async () => {
      const rows = await query.select(this.livingOnly(leaf.account), this.selectOptions());
      return accounts.setsOf(rows);
    }, this.#options.signal);
    this.#sets.set(text, sets);
    return sets;
  }

  async #peopleLeaf(leaf: PeopleLeaf): Promise<void> {
    if (this.#memberships.has(leaf)) return;
    const text = JSON.stringify(leaf.people);
    const parts = this.#fits.get(text) ?? (await this.#gatherFits(leaf.people));
    this.#fits.set(text, parts);
    const { accounts } = this.#parts;
    const { match = 'any' } = leaf;
    // Rows never move: once found they hold, whatever becomes of the shards.
    let fits: FitAccounts | undefined;
    this.#memberships.set(leaf, () => {
      fits ??= fitAccounts(accounts, parts);
      return accountsOf(fits, accounts.count, match);
    });
  }

  /** Every shard's part, in their order. */
  async #gatherFits(where: Expression): Promise<readonly FitPart[]> {
    const sets = await this.setsOf([where]);
    const { ports, clock } = this.#parts;
    const { nowMs, signal, passesOff } = this.#options;
    const request = { where, ...(passesOff === undefined ? {} : { optimizer: { off: passesOff } }) };
    const asked = withAccounts(ports(), sets, true);
    const options = { nowMs, clock, signal, timeoutMs: this.timeoutMs, hasAccounts: true };
    const { body } = await gatherWith((question) => question.gather(FITS, (parts) => parts), request, asked, options);
    return body;
  }

  selectOptions(): SelectOptions {
    const { nowMs, signal, passesOff } = this.#options;
    return { nowMs, signal, passesOff, timeoutMs: this.timeoutMs, memberships: this.#memberships };
  }
}

/** Asked of shards, never captured here. */
const FITS = plainKind<FitPart>(() => {
  throw new EngineError('internal', 'who fits is asked of the shards');
});

/** The parts in the rows of the table. Errors: shard_unavailable, where a shard was started anew between two phases. */
function fitAccounts(accounts: MergedAccounts, parts: readonly FitPart[]): FitAccounts {
  const rowsOf = (which: 'some' | 'others'): RowSet =>
    RowSet.union(
      parts.map((part, shard) => {
        const rows = accounts.rowsOf(shard, part.life, part[which]);
        if (rows === undefined) throw startedAnew();
        return RowSet.of(rows);
      }),
    );
  const some = rowsOf('some');
  return { some, every: some.andNot(rowsOf('others')) };
}
