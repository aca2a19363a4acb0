/** Any, all or none: from people to their accounts and back. "All" holds of nobody who has none at all; "none" of everybody who has no other. */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { Match } from '../../model/expression.ts';
import type { PersonLinks } from './person-links.ts';

/** A bit a row. */
export class BitRows {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  static of(rows: RowSet, count: number): BitRows {
    return new BitRows(rows.toWords(count));
  }

  has(row: number): boolean {
    const word = row >>> 5;
    return word < this.#words.length && (this.#words[word] & (1 << (row & 31))) !== 0;
  }
}

/** Rows of the people of one shard of whose accounts any, all or none are among `fits`. */
export function peopleOf(links: PersonLinks, rowCount: number, fits: BitRows, match: Match): RowSet {
  const words = new Uint32Array(wordCountOf(rowCount));
  // Who is looked for ends at the first account that is, or for all at the first that is not, among those that fit.
  const ends = match !== 'all';
  links.forEach((row, accounts) => {
    let isFound = !ends;
    for (let i = 0; i < accounts.length; i++) {
      if (fits.has(accounts[i]) !== ends) continue;
      isFound = ends;
      break;
    }
    if (isFound) words[row >>> 5] |= 1 << (row & 31);
  });
  const found = RowSet.ofWords(words);
  return match === 'none' ? RowSet.all(rowCount).andNot(found) : found;
}

/** Accounts some of whose people fit, and those all of whose people do. */
export interface FitAccounts {
  readonly some: RowSet;
  readonly every: RowSet;
}

/** `fits[i]`: rows of the people of shard i. */
export function fitAccounts(links: readonly PersonLinks[], fits: readonly RowSet[], accountCount: number): FitAccounts {
  const people = new Uint32Array(accountCount);
  const fitting = new Uint32Array(accountCount);
  links.forEach((shardLinks, shard) => {
    const bits = BitRows.of(fits[shard], rowsEnd(fits[shard]));
    shardLinks.forEach((row, accounts) => {
      const isFit = bits.has(row);
      for (const account of accounts) {
        people[account] += 1;
        if (isFit) fitting[account] += 1;
      }
    });
  });
  const some: number[] = [];
  const every: number[] = [];
  for (let account = 0; account < accountCount; account++) {
    if (fitting[account] === 0) continue;
    some.push(account);
    if (fitting[account] === people[account]) every.push(account);
  }
  return { some: RowSet.of(Uint32Array.from(some)), every: RowSet.of(Uint32Array.from(every)) };
}

/** The accounts of which any, all or none of the people fit, when there are `accountCount`. */
export function accountsOf({ some, every }: FitAccounts, accountCount: number, match: Match): RowSet {
  if (match === 'any') return some;
  return match === 'all' ? every : RowSet.all(accountCount).andNot(some);
}

/** One past the last row. */
export function rowsEnd(rows: RowSet): number {
  const { cardinality } = rows;
  if (cardinality === 0) return 0;
  return rows.at(cardinality - 1) + 1;
}
