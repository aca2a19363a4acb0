/**
 * Where an identifier leads, as far as one shard knows. A forward says with which other identifier one is in a profile: first of all with the home key
 * that the profile had then. Where that one is now, the owner of its slot knows; so a forward stays true when profiles move
 * and merge, and word of it may come late. Only cutting links makes it untrue, and then all that were in the profile are told anew, locked.
 *
 * Invariant: for each identifier that has a profile, the owner of its slot has the profile or a forward, and going from owner to owner by forwards ends at
 * the profile. Nobody has an identifier if the owner of its slot, and no other shard, knows nothing of it. Other shards' entries may be untrue.
 */
import type { Identifier } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { Shard } from '../../shard/shard.ts';

/** Forwards that lead on within one shard: each is a merge there since the one before was told. */
const HOPS_MAX = 64;

/** `to`: to be asked there, as one that is where `by` is; without `by`: of the owner. 'under_way': a step has not arrived everywhere yet. */
export type Lead = number | 'nobody' | 'under_way' | { readonly to: number; readonly by?: Identifier | undefined };

/** `by`: what led here. Gives the row when the profile is here. */
export function leadOf(own: Shard, slots: SlotMap, identifier: Identifier, by?: Identifier): Lead {
  const at = own.rowOf(identifier);
  if (typeof at === 'number' && at >= 0) return at;
  let target = by ?? (typeof at === 'number' ? undefined : at);
  if (target === undefined) {
    const to = slots.shardOf(identifier);
    return to === own.index ? 'nobody' : { to };
  }
  for (let hop = 0; hop < HOPS_MAX; hop++) {
    const to = slots.shardOf(target);
    const next = own.rowOf(target);
    const isUnknown = next === -1 || (typeof next !== 'number' && textOf(next) === textOf(target));
    // Who asks takes this shard for the owner: the slot may be coming, and the map here not have it yet.
    const isAsked = hop === 0 && by !== undefined;
    if (to !== own.index && (isUnknown || !isAsked)) return { to, by: target };
    // It is here and the identifier is not, or it is on its way here.
    if (isUnknown || typeof next === 'number') return 'under_way';
    target = next;
  }
  return 'under_way';
}
