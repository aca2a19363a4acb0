/** Where a profile lives: valid until the profile is moved, merged or split. */
import type { Shard } from '../shard/shard.ts';

export interface ProfileAddress {
  readonly shard: Shard;
  readonly row: number;
}
