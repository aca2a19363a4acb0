/**
 * Brings the merged accounts up to date: every shard is asked for what changed since the last time, all as of one cut, and only then is it taken
 * in. Who asks gets everything that was acknowledged before; those who ask while it is under way share the next one.
 *
 * Invariant: between two turns the table is as of one cut of all shards, but while `#apply` is alone behind the gate.
 */
import { CancelSource } from '../../base/cancel-source.ts';
import type { FeedPage, FeedPosition } from '../../engine/account/account-feed.ts';
import type { MergedAccounts } from '../../engine/account/merged-accounts.ts';
import { type Cut, isConsistent } from '../../engine/answer/cut.ts';
import type { Clock } from '../../runtime/clock.ts';
import { movingAllTheTime, needsFence, PAUSE_MS, raiseAnew, TRIES_MAX } from '../question/gather.ts';
import type { QuestionPort } from '../question/question-port.ts';
import type { Gate } from './gate.ts';

/** A page, and how far the shard was in the turn in which it was made. */
export interface ChangesAnswer {
  readonly page: FeedPage;
  readonly watermark: number;
  readonly cut: Cut;
}

export interface AccountNewsParts {
  readonly accounts: MergedAccounts;
  readonly gate: Gate;
  /** What changed at a shard. */
  readonly ask: (shard: number, asked: FeedPosition) => Promise<ChangesAnswer>;
  /** One a shard: for fences. */
  readonly ports: () => readonly QuestionPort[];
  readonly clock: Clock;
}

/** So many changed accounts are folded in one turn, a few milliseconds; of more each turn folds some. */
const AT_ONCE_COUNT = 1_000;
const CALLS_PER_TURN = 500;
const NEVER = new CancelSource().signal;

export class AccountNews {
  /** Applied `seq` per shard that the accounts include. */
  watermark: readonly number[] = [];
  readonly #parts: AccountNewsParts;
  /** By shard: pages that were not taken in yet. */
  #staged: FeedPage[][] = [];
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(parts: AccountNewsParts) {
    this.#parts = parts;
  }

  /** Resolves when all is there that was acknowledged before the call. Errors: shard_unavailable, overloaded, and those of asking. */
  current(): Promise<void> {
    if (this.#next === undefined) {
      const next = this.#running
        .catch(() => undefined)
        .then(() => {
          this.#next = undefined;
          this.#running = this.#bring();
          return this.#running;
        });
      this.#next = next;
    }
    return this.#next;
  }

  async #bring(): Promise<void> {
    const { ports, clock } = this.#parts;
    const all = ports();
    let lower = (): void => {};
    try {
      for (let tries = 1; ; tries++) {
        const ends = await Promise.all(all.map((_, shard) => this.#stage(shard)));
        if (isConsistent(new Map(ends.map(({ cut }, shard) => [shard, cut])))) {
          this.watermark = ends.map(({ watermark }) => watermark);
          break;
        }
        if (tries > TRIES_MAX) throw movingAllTheTime();
        if (needsFence(tries)) lower = await raiseAnew(lower, all, new Set(), NEVER);
        await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
      }
    } finally {
      lower();
    }
    await this.#apply(all.length);
  }

  /** Pages of a shard until there are no more; what its last one says of it. */
  async #stage(shard: number): Promise<ChangesAnswer> {
    for (;;) {
      const answer = await this.#parts.ask(shard, this.#positionOf(shard));
      const { page } = answer;
      this.#staged[shard] ??= [];
      // It was started anew: what it told before is nothing any more.
      if (this.#staged[shard][0]?.life !== page.life) this.#staged[shard] = [];
      this.#staged[shard].push(page);
      if (page.isLast) return answer;
    }
  }

  #positionOf(shard: number): FeedPosition {
    const known = this.#parts.accounts.positionOf(shard);
    const staged = this.#staged[shard] ?? [];
    const last = staged.at(-1);
    if (last === undefined) return known;
    const before = known.life === last.life ? known.paths : 0;
    return {
      life: last.life,
      since: last.upTo,
      paths: staged.reduce((count, { paths }) => count + paths.length, before),
    };
  }

  async #apply(shardCount: number): Promise<void> {
    const { accounts, gate } = this.#parts;
    const staged = this.#staged;
    this.#staged = [];
    const changedCount = staged.reduce((sum, pages) => sum + pages.reduce((all, page) => all + page.ids.length, 0), 0);
    const isRestart = staged.some(
      ([first], shard) => first !== undefined && accounts.positionOf(shard).life !== first.life,
    );
    if (changedCount <= AT_ONCE_COUNT && !(isRestart && accounts.count > AT_ONCE_COUNT)) {
      for (const takePage of takings(accounts, staged, shardCount)) takePage();
      while (accounts.foldNext() !== undefined) {}
      return;
    }
    await gate.alone(async () => {
      for (const takePage of takings(accounts, staged, shardCount)) {
        takePage();
        await this.#parts.clock.yieldTurn();
      }
      let left = CALLS_PER_TURN;
      for (;;) {
        const callCount = accounts.foldNext();
        if (callCount === undefined) return;
        left -= 1 + callCount;
        if (left > 0) continue;
        await this.#parts.clock.yieldTurn();
        left = CALLS_PER_TURN;
      }
    });
  }
}

/** What is to be done, some milliseconds each. */
function takings(
  accounts: MergedAccounts,
  staged: readonly (readonly FeedPage[])[],
  shardCount: number,
): readonly (() => void)[] {
  const pages = staged.flatMap((list, shard) => list.map((page) => () => accounts.take(shard, page)));
  return [() => accounts.forgetFrom(shardCount), ...pages];
}
