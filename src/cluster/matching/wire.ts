/** What crosses between the shard that looks for duplicates and the others. */
import type { KnownFields } from '../../engine/matching/compared-fields.ts';
import type { Elsewhere, LedBy } from '../lookup-wire.ts';

export type WireIdentifier = readonly [type: string, value: string];

export interface FieldsAnswer extends KnownFields {
  readonly profileCount: number;
}

export interface PageAsk {
  readonly fields: readonly string[];
  readonly fromRow: number;
}

/** A profile that was asked for by an identifier. */
export interface ToldProfile {
  /** The identifier that names it: the same for all of its identifiers. */
  readonly primary: string;
  /** All of them, where that was asked for and they are not too many to be looked up. */
  readonly identifiers?: readonly WireIdentifier[] | undefined;
}

/** A shard to ask instead; what the identifier is called in normal form, to be asked for that; null: nobody has it; `more`: to be asked again, the answer is full. */
export type ProfileState = ToldProfile | Elsewhere | null | 'more';

export interface ProfilesAsk {
  readonly identifiers: readonly WireIdentifier[];
  /** By place: what led to the shard, when it is not asked as the owner of the identifier's slot. */
  readonly by: readonly (LedBy | null)[];
  readonly isWhole: boolean;
}

/** Of pairs of profiles: all identifiers of one and of the other. */
export type CutsAsk = readonly (readonly [near: readonly WireIdentifier[], far: readonly WireIdentifier[]])[];

/** Both by an identifier, and all that each of them is known to have. */
export interface MatchedMergeAsk {
  readonly into: WireIdentifier;
  readonly from: WireIdentifier;
  readonly near: readonly WireIdentifier[];
  readonly far: readonly WireIdentifier[];
}

/** `changed`: they are not what was known of them. `refused`: too large together. */
export type MatchedMergeAnswer = 'merged' | 'changed' | 'apart' | 'refused';
