/**
 * Whether a person has said that two profiles are not one: by rejecting the pair, or by cutting a link between them. Looked up by all
 * identifiers of both, since profiles may have grown since.
 */
import type { Identifier } from '../../model/profile.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { Router } from '../../router/router.ts';
import { LOOKED_UP_MAX } from './matching-people.ts';
import type { SuggestionStore } from './suggestion-store.ts';

/** Undefined: they have too many identifiers to look all of them up in one turn. */
export function areKeptApart(
  router: Router,
  store: SuggestionStore,
  first: ProfileAddress,
  second: ProfileAddress,
): boolean | undefined {
  const count = first.shard.data.identifierCountOf(first.row) * second.shard.data.identifierCountOf(second.row);
  if (count > LOOKED_UP_MAX) return undefined;
  const near = identifiersAt(first);
  const isRejected = near.some((identifier) =>
    store.rejectedWith(identifier).some((other) => areSame(router.locate(other), second)),
  );
  if (isRejected) return true;
  if (router.shards.every(({ data }) => !data.pairs.hasCuts)) return false;
  const far = identifiersAt(second);
  return near.some((a) => far.some((b) => router.joiner.isCut([a, b])));
}

export function areSame(a: ProfileAddress | undefined, b: ProfileAddress | undefined): boolean {
  return a !== undefined && b !== undefined && a.shard === b.shard && a.row === b.row;
}

function identifiersAt({ shard, row }: ProfileAddress): Identifier[] {
  return shard.data.identifiersOf(row).map((code) => shard.data.identifiers.identifierOf(code));
}
