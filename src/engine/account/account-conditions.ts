/**
 * Conditions that lead from people to accounts or back are answered in phases, the innermost first, because an account's people are on
 * all shards: which people fit → which accounts have any, all or none of them → who is in such an account. What is left of
 * such a leaf when the question itself is bound is a set of rows, which each shard works out from the links as they are in that turn.
 *
 * Each phase is of one instant, and a later phase of a later instant: all that was acknowledged before the question came is in all of them.
 */
import { RowSet } from '../../bitmap/row-set.ts';
import { EngineError } from '../../model/error.ts';
import type { AccountLeaf, Expression, PeopleLeaf } from '../../model/expression.ts';
import type { Membership, Memberships } from '../../query/binder/membership.ts';
import { assertGoing } from '../../query/execution/cancellation.ts';
import { askTogether, type SelectOptions, type ShardQuery } from '../../query/execution/shard-query.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { AccountBook } from './account-book.ts';
import { accountsOf, BitRows, fitAccounts, peopleOf } from './members.ts';
import type { PersonLinks } from './person-links.ts';

export interface AccountParts {
  readonly book: AccountBook;
  /** One a shard, over its people. */
  readonly people: readonly ShardQuery[];
  /** Over the accounts. */
  readonly accounts: ShardQuery;
  readonly clock: Clock;
}

type Leaf = AccountLeaf | PeopleLeaf;

/** Leaves about the other collection, outermost only; also those of saved segments where these may still be there. */
export function leavesOf(
  expression: Expression,
  definition?: ((key: string) => Expression | undefined) | undefined,
): readonly Leaf[] {
  const found: Leaf[] = [];
  const visit = (part: Expression): void => {
    if ('and' in part) part.and.forEach(visit);
    else if ('or' in part) part.or.forEach(visit);
    else if ('not' in part) visit(part.not);
    else if ('account' in part || 'people' in part) found.push(part);
    else if ('segment' in part) {
      const meant = definition?.(part.segment);
      if (meant !== undefined) visit(meant);
    }
  };
  visit(expression);
  return found;
}

/** Only accounts that are there: put beside a condition on accounts. */
const LIVING: PeopleLeaf = { people: { and: [] } };

/** The rows of all such leaves of the expressions, and what the question of accounts needs. Errors: query_unsupported, and those of a question. */
export class AccountConditions {
  readonly #parts: AccountParts;
  readonly #options: SelectOptions;
  readonly #memberships = new Map<Expression, Membership>();
  readonly #startedMs: number;

  constructor(parts: AccountParts, options: SelectOptions) {
    this.#parts = parts;
    this.#options = options;
    const { book, clock } = parts;
    this.#startedMs = clock.monotonicMs();
    this.#memberships.set(LIVING, () => livingAccounts(book));
  }

  get memberships(): Memberships {
    return this.#memberships;
  }

  async answer(expressions: readonly Expression[]): Promise<void> {
    for (const expression of expressions) {
      for (const leaf of leavesOf(expression)) await this.#leaf(leaf);
    }
  }

  /** The condition as it is asked of the accounts. */
  livingOnly(expression: Expression): Expression {
    return this.#parts.book.table.emptyAccounts.size === 0 ? expression : { and: [LIVING, expression] };
  }

  async catchUp(): Promise<void> {
    const { book, clock } = this.#parts;
    const { signal } = this.#options;
    await book.catchUp(clock.yieldTurn, () => assertGoing(signal));
    book.view();
  }

  async #leaf(leaf: Leaf): Promise<void> {
    if (this.#options.atMs !== undefined) throw unsupportedAt();
    if (this.#memberships.has(leaf)) return;
    if ('account' in leaf) await this.#accountLeaf(leaf);
    else await this.#peopleLeaf(leaf);
  }

  async #accountLeaf(leaf: AccountLeaf): Promise<void> {
    const { book, accounts } = this.#parts;
    await this.answer([leaf.account]);
    await this.catchUp();
    const rows = await accounts.select(this.livingOnly(leaf.account), this.options);
    const fits = BitRows.of(rows, book.table.count);
    const { match = 'any' } = leaf;
    const rowsOf = (links: PersonLinks, rowCount: number): RowSet => peopleOf(links, rowCount, fits, match);
    this.#memberships.set(leaf, byLinks(book, rowsOf));
  }

  async #peopleLeaf(leaf: PeopleLeaf): Promise<void> {
    const { book, people } = this.#parts;
    await this.answer([leaf.people]);
    await this.catchUp();
    let view = book.view();
    const questions = people.map((query) =>
      query.question(leaf.people, this.options, () => {
        view = book.view();
        return (rows) => rows;
      }),
    );
    const { some, every } = await askTogether(questions, (fits) => fitAccounts(view.links, fits, book.table.count));
    const { match = 'any' } = leaf;
    this.#memberships.set(leaf, () => accountsOf({ some, every }, book.table.count, match));
  }

  /** For the next phase, which has the time that is left. */
  get options(): SelectOptions {
    const { timeoutMs } = this.#options;
    const spentMs = Math.floor(this.#parts.clock.monotonicMs() - this.#startedMs);
    const left = timeoutMs === undefined ? {} : { timeoutMs: Math.max(1, timeoutMs - spentMs) };
    return { ...this.#options, ...left, memberships: this.#memberships };
  }
}

/** Worked out anew only where links or rows came since the last time. */
function byLinks(book: AccountBook, rowsOf: (links: PersonLinks, rowCount: number) => RowSet): Membership {
  const known: { links: PersonLinks; rowCount: number; rows: RowSet }[] = [];
  return (data) => {
    const shard = book.shardIndexOf(data);
    const links = book.view().links[shard];
    const rowCount = data.profiles.count;
    const last = known[shard];
    if (last?.links === links && last.rowCount === rowCount) return last.rows;
    const rows = rowsOf(links, rowCount);
    known[shard] = { links, rowCount, rows };
    return rows;
  };
}

function livingAccounts({ table }: AccountBook): RowSet {
  return RowSet.all(table.count).andNot(RowSet.of(Uint32Array.from(table.emptyAccounts)));
}

export function unsupportedAt(): EngineError {
  return new EngineError(
    'query_unsupported',
    '"at" cannot be combined with conditions on accounts or their people: they are answered as of now',
    { details: { construct: 'at with account' } },
  );
}
