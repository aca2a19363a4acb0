/**
 * Conditions that no shard can answer alone, such as those on accounts, whose people are on all shards: the engine finds out beforehand
 * for whom they hold, and each shard is told its rows when it binds them.
 */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Expression } from '../../model/expression.ts';
import type { ShardData } from '../../profile/shard-data.ts';

/** The leaf's rows in a shard, as of the turn of the call. */
export type Membership = (data: ShardData) => RowSet;
/** By the very object of the leaf. */
export type Memberships = ReadonlyMap<Expression, Membership>;

/** Plain rows in place of a condition. */
export interface MembersTest {
  readonly kind: 'members';
  readonly rows: RowSet;
  /** The condition, to be shown. */
  readonly leaf: Expression;
}
