/** What is made of group calls as an `AccountBook` meets them: a table of accounts, or what another process needs to make one. */
export interface LearnedAccounts {
  find(id: string): number | undefined;
  findOrAdd(id: string, timeMs: number): number;
  /** Learns of a living person's call. `isOfMany`: more are to come at once, so one fold for all of them is cheaper. */
  add(account: number, shard: number, index: number, isOfMany: boolean): void;
  /** A call of the account counts no more, or came late. */
  foldLater(account: number): void;
  /** Does what was put off for one account; gives how many calls that were, undefined when nothing was. */
  foldNext(): number | undefined;
  /** Others are in it than before. */
  peopleChanged?(account: number): void;
  /** Everybody who ever came with the account, living; some more than once. */
  visitPeople(account: number, visit: (shard: number, row: number) => void): void;
}
