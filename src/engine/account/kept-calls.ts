/**
 * Of an account's calls those that still matter, whatever calls of other shards stand between them: a fold over what is kept and those gives
 * what a fold over everything gives. As many as the account has traits or so, however many calls there were.
 *
 * A call says something of several traits; what it says of one does not matter any more when a newer call of the same shard
 * - sets a value there, which does away with everything above, below and at that place;
 * - says `{}` as the older one did;
 * - says null as the older one did, of a trait at the top: below, an older null decides what a `{}` above it meets.
 */
import { LEAF_EMPTY, LEAF_NULL } from '../../ingest/event-tape.ts';
import type { AccountCalls } from './account-calls.ts';

/** What newer calls said of a trait. */
const SAID_EMPTY = 1;
const SAID_NULL = 2;
const SAID_VALUE = 4;

/** In the order of the fold. `calls`: of one shard. */
export function keptCalls(calls: AccountCalls, all: readonly number[]): number[] {
  const ordered = [...all].sort((a, b) => calls.compare(a, b));
  const traits = calls.traits();
  const said = new Uint8Array(traits.length);
  const kept: number[] = [];
  for (let i = ordered.length - 1; i >= 0; i--) {
    const call = ordered[i];
    const shard = calls.shardOf(call);
    const index = calls.indexOf(call);
    let matters = false;
    for (let t = 0; t < traits.length; t++) {
      if ((said[t] & SAID_VALUE) !== 0) continue;
      const type = traits[t].columns[shard]?.typeAt(index) ?? 0;
      if (type === 0) continue;
      const isTop = traits[t].segments.length === 1;
      const flag = type === LEAF_EMPTY ? SAID_EMPTY : type === LEAF_NULL ? SAID_NULL : SAID_VALUE;
      const isRepeated = (said[t] & flag) !== 0 && (flag !== SAID_NULL || isTop);
      if (!isRepeated) matters = true;
      said[t] |= flag;
    }
    if (matters) kept.push(call);
  }
  return kept.reverse();
}
