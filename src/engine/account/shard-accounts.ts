/**
 * One shard's side of accounts that are put together in another process: it tells what it knows of them, which of them have people here for whom
 * a condition holds, and finds the people of accounts that it is told. The index behind it is made when the first one asks, in slices, and kept
 * up from then on.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression, Match } from '../../model/expression.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { Membership, Memberships } from '../../query/binder/membership.ts';
import { assertGoing } from '../../query/execution/cancellation.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type PartKind, plainKind } from '../answer/part-kind.ts';
import { AccountBook } from './account-book.ts';
import { leavesOf } from './account-conditions.ts';
import { AccountFeed, type FeedPage, type FeedPosition } from './account-feed.ts';
import type { AccountSet } from './account-set.ts';
import { BitRows, peopleOf, rowsEnd } from './members.ts';
import type { PersonLinks } from './person-links.ts';

/** Accounts of a shard, in its numbers, with people here who fit, and those with people here who do not. */
export interface FitPart {
  readonly life: string;
  readonly some: Uint32Array;
  readonly others: Uint32Array;
}

export class ShardAccounts {
  readonly #data: ShardData;
  readonly #clock: Clock;
  #opened: AccountBook<AccountFeed> | undefined;

  /** Of this process, different for each start: one life is never taken for another. */
  #life: string;

  constructor(data: ShardData, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
    this.#life = clock.nowMs().toString(36);
  }

  /** Before it is asked anything. */
  useLife(life: string): void {
    this.#life = life;
  }

  /** What is told of the shard's accounts, with everything that has come. Errors: query_cancelled, query_timeout. */
  async current(signal: CancelSignal | undefined): Promise<{ page(asked: FeedPosition): FeedPage }> {
    const book = await this.#current(signal);
    return {
      page: (asked) => {
        book.view();
        return book.table.page(asked, (account) => book.peopleCountOf(account));
      },
    };
  }

  async #current(signal: CancelSignal | undefined): Promise<AccountBook<AccountFeed>> {
    const book = this.#book;
    await book.catchUp(
      () => this.#clock.yieldTurn(),
      () => assertGoing(signal),
    );
    book.view();
    return book;
  }

  get #book(): AccountBook<AccountFeed> {
    this.#opened ??= new AccountBook([this.#data], (sources) => new AccountFeed(sources, this.#life));
    return this.#opened;
  }

  /** For conditions on an account's people. To be asked after `prepare`. */
  fitKind(): PartKind<FitPart, FitPart> {
    return plainKind(() => {
      const book = this.#book;
      const { links } = book.view();
      const { life, count } = book.table;
      return (rows) => fitPart(life, links[0], rows, count);
    });
  }

  /** So that what is captured finds little to do. */
  async prepare(signal: CancelSignal | undefined): Promise<void> {
    await this.#current(signal);
  }

  /** Of the conditions' leaves about accounts, in their order, who fits here. Errors: shard_unavailable, when this is another life than was told of. */
  async memberships(
    conditions: readonly Expression[],
    sets: readonly AccountSet[],
    signal: CancelSignal | undefined,
  ): Promise<Memberships> {
    const book = await this.#current(signal);
    const found = new Map<Expression, Membership>();
    const leaves = conditions.flatMap((condition) => leavesOf(condition));
    leaves.forEach((leaf, i) => {
      const set = sets[i];
      if (set?.life !== book.table.life) throw startedAnew();
      const match = 'account' in leaf ? leaf.match : undefined;
      found.set(leaf, 'words' in set ? byLinks(book, set.words, match ?? 'any') : ofOne(book, set.account));
    });
    return found;
  }
}

function ofOne(book: AccountBook<AccountFeed>, account: number): Membership {
  return (data) => (account < 0 ? RowSet.empty() : book.peopleOf(account, data));
}

/** Worked out anew only where links or rows came since the last time. */
function byLinks(book: AccountBook<AccountFeed>, words: Uint32Array, match: Match): Membership {
  const fits = new BitRows(words);
  let known: { readonly links: PersonLinks; readonly rowCount: number; readonly rows: RowSet } | undefined;
  return (data) => {
    const [links] = book.view().links;
    const rowCount = data.profiles.count;
    if (known?.links !== links || known.rowCount !== rowCount) {
      known = { links, rowCount, rows: peopleOf(links, rowCount, fits, match) };
    }
    return known.rows;
  };
}

function fitPart(life: string, links: PersonLinks, rows: RowSet, accountCount: number): FitPart {
  const fits = BitRows.of(rows, rowsEnd(rows));
  const some = new Uint32Array(wordCountOf(accountCount));
  const others = new Uint32Array(wordCountOf(accountCount));
  links.forEach((row, accounts) => {
    const words = fits.has(row) ? some : others;
    for (const account of accounts) words[account >>> 5] |= 1 << (account & 31);
  });
  return { life, some: numbersIn(some), others: numbersIn(others) };
}

function numbersIn(words: Uint32Array): Uint32Array {
  const numbers: number[] = [];
  words.forEach((word, at) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) numbers.push(at * 32 + 31 - Math.clz32(rest & -rest));
  });
  return Uint32Array.from(numbers);
}

/** Numbers of another life of the shard. */
export function startedAnew(): EngineError {
  return new EngineError('shard_unavailable', 'a shard was started anew while the question was answered; ask again', {
    retryAfterMs: 1_000,
  });
}
