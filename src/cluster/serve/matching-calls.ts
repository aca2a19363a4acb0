/** What the shard that looks for duplicates asks of every shard, itself included: records, how profiles stand, and to merge the sure ones. */

import type { IdentityService } from '../../engine/identity/identity-service.ts';
import { knownFields } from '../../engine/matching/compared-fields.ts';
import { areSame } from '../../engine/matching/kept-apart.ts';
import { LOOKED_UP_MAX } from '../../engine/matching/matching-people.ts';
import { Slices } from '../../engine/schema/slices.ts';
import type { Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import { PAIR_CUT } from '../../profile/pair-notes.ts';
import { pairKey } from '../../router/joiner.ts';
import type { OutOfReach } from '../../router/reach.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import { textOf } from '../../shard/identity-entry.ts';
import { recordPage } from '../matching/record-page.ts';
import type {
  CutsAsk,
  FieldsAnswer,
  MatchedMergeAnswer,
  MatchedMergeAsk,
  PageAsk,
  ProfileState,
  ProfilesAsk,
  WireIdentifier,
} from '../matching/wire.ts';
import { identifierOf, wireOf } from '../step/claim.ts';
import { type IdentityCallsParts, inStep, isHere } from './identity-calls.ts';
import { type PersonCallsParts, placeOf } from './person-calls.ts';

/** Identifiers in one answer; what is beyond is asked for again. */
const TOLD_COUNT_MAX = 20_000;

export interface MatchingCallsParts {
  readonly persons: PersonCallsParts;
  readonly identity: IdentityCallsParts;
  readonly clock: Clock;
  /** Different for each process: rows are numbered anew by the next. */
  readonly life: string;
}

export function matchingCalls({ persons, identity, clock, life }: MatchingCallsParts): Handlers {
  const { own, assertServing } = persons;
  const { data } = own;
  return {
    matching_fields: (args): FieldsAnswer => {
      assertServing();
      const { fields } = args as { fields: readonly string[] | undefined };
      return { ...knownFields(data, fields), profileCount: data.profileCount };
    },
    matching_page: async (args, { signal }) => {
      assertServing();
      const { fields, fromRow } = args as PageAsk;
      return { life, page: await recordPage(data, fields, fromRow, new Slices(clock, signal)) };
    },
    matching_profiles: (args): readonly ProfileState[] => {
      assertServing();
      return tellProfiles(args as ProfilesAsk, persons);
    },
    /** By place, whether any identifier of the one is cut from any of the other, as far as it is noted here. */
    matching_cuts: (args): readonly boolean[] => {
      assertServing();
      const { pairs } = data;
      return (args as CutsAsk).map(([near, far]) => {
        if (!pairs.hasCuts) return false;
        return near.some((a) => far.some((b) => pairs.has(identifierOf(a), identifierOf(b), PAIR_CUT)));
      });
    },
    merge_matched: (args): Promise<MatchedMergeAnswer> => {
      assertServing();
      const ask = args as MatchedMergeAsk;
      return inStep(
        identity,
        () => matchedLack(ask, identity),
        (service, router) => mergeMatched(ask, service, router),
      );
    },
  };
}

function tellProfiles({ identifiers, by, isWhole }: ProfilesAsk, parts: PersonCallsParts): readonly ProfileState[] {
  const { own } = parts;
  const { data } = own;
  let toldCount = 0;
  return identifiers.map((wire, i): ProfileState => {
    const identifier = identifierOf(wire);
    const place = placeOf(identifier, by[i], parts);
    if (place !== 'here') return place;
    const row = own.rowOf(identifier);
    if (typeof row !== 'number') return null;
    const primary = textOf(data.identifiers.identifierOf(data.profiles.primaries.get(row)));
    const count = data.identifierCountOf(row);
    if (!isWhole || count > LOOKED_UP_MAX) return { primary };
    if (toldCount > 0 && toldCount + count > TOLD_COUNT_MAX) return 'more';
    toldCount += count;
    return { primary, identifiers: identifiersAt(data, row).map(wireOf) };
  });
}

function identifiersAt(data: IdentityCallsParts['own']['data'], row: number): Identifier[] {
  return data.identifiersOf(row).map((code) => data.identifiers.identifierOf(code));
}

/** Both profiles, and what is noted of any pair of their identifiers. */
function matchedLack({ into, from, near, far }: MatchedMergeAsk, { own, slots }: IdentityCallsParts): OutOfReach {
  const identifiers = [identifierOf(into), identifierOf(from)];
  const pairs = near.flatMap((a) => far.map((b) => [identifierOf(a), identifierOf(b)] as [Identifier, Identifier]));
  return {
    identifiers,
    unknown: identifiers.filter((identifier) => !isHere(identifier, own)),
    incomplete: [],
    pairs: pairs.filter((pair) => slots.shardOf(pairKey(pair)) !== own.index),
  };
}

/** With both profiles kept as they are: nobody can say a word about them between the look and the merge. */
async function mergeMatched(
  { into, from, near, far }: MatchedMergeAsk,
  service: IdentityService,
  router: Router,
): Promise<MatchedMergeAnswer> {
  const [a, b] = [identifierOf(into), identifierOf(from)];
  const first = router.locate(a);
  const second = router.locate(b);
  if (first === undefined || second === undefined || areSame(first, second)) return 'changed';
  const left = identifiersAt(first.shard.data, first.row);
  const right = identifiersAt(second.shard.data, second.row);
  if (!isKnown(left, near) || !isKnown(right, far)) return 'changed';
  if (left.some((one) => right.some((other) => router.joiner.isCut([one, other])))) return 'apart';
  try {
    await service.merge({ into: a, from: b }, 'linkage');
    return 'merged';
  } catch (error) {
    if (error instanceof EngineError && error.code === 'merge_refused') return 'refused';
    throw error;
  }
}

function isKnown(identifiers: readonly Identifier[], known: readonly WireIdentifier[]): boolean {
  const texts = new Set(known.map((wire) => textOf(identifierOf(wire))));
  return identifiers.every((identifier) => texts.has(textOf(identifier)));
}
