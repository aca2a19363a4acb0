/**
 * Accounts as one shard is told of them, in its own numbers: whose people fit a condition on their accounts is then a matter of that shard alone.
 * A bit an account, or one account.
 */
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import type { RowSet } from '../../bitmap/row-set.ts';

/** `life`: of the shard's numbers. */
export type AccountSet =
  | { readonly life: string; readonly words: Uint32Array }
  | { readonly life: string; readonly account: number };

/** Those of a shard's accounts that are among the rows. `globals`: the row of each of the shard's accounts. */
export function accountSetOf(life: string, globals: readonly number[], rows: RowSet, rowCount: number): AccountSet {
  const bits = rows.toWords(rowCount);
  const words = new Uint32Array(wordCountOf(globals.length));
  for (let account = 0; account < globals.length; account++) {
    const row = globals[account];
    if ((bits[row >>> 5] & (1 << (row & 31))) !== 0) words[account >>> 5] |= 1 << (account & 31);
  }
  return { life, words };
}
