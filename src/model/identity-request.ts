/** What people ask of identity beside sending events: look at a profile's graph, join, separate, and try either first. */
import type { IdentitySettings } from './identity.ts';
import type { JournalEntry } from './identity-journal.ts';
import type { Identifier, Profile } from './profile.ts';

export interface GraphIdentifier extends Identifier {
  /** When the profile got it, ISO 8601, to the second. */
  readonly linkedAt: string;
}

export interface GraphLink {
  readonly from: Identifier;
  readonly to: Identifier;
  readonly linkedAt: string;
}

/** `GET /v1/profiles/{id}/identity`: what holds the profile together, and what happened to it, newest first. */
export interface IdentityGraph {
  readonly id: string;
  readonly identifiers: readonly GraphIdentifier[];
  readonly links: readonly GraphLink[];
  readonly journal: readonly (Omit<JournalEntry, 'at'> & { readonly at: string })[];
}

/** `POST /v1/identity/merge`: makes one profile of two. The name of `into`'s stays unless only the other has a user id. */
export interface MergeRequest {
  readonly into: Identifier;
  readonly from: Identifier;
  /** Only say what would come of it. */
  readonly dryRun?: boolean | undefined;
}

export interface MergeAnswer {
  readonly isDone: boolean;
  /** The profile as it is now, or would be. */
  readonly profile: Profile;
  /** Traits of which both had different values, and what is left of them. */
  readonly conflicts: readonly TraitConflict[];
  /** Limits that the profile goes beyond; a person's word is not bound by them. */
  readonly beyondLimits: readonly string[];
}

export interface TraitConflict {
  readonly trait: string;
  readonly into: unknown;
  readonly from: unknown;
  readonly result: unknown;
}

/**
 * `POST /v1/identity/unmerge`: undoes one link, named by the journal's `merge` entry, or separates some of a profile's identifiers from the rest. The links that
 * are cut do not come back by events.
 */
export interface UnmergeRequest {
  /** Any identifier of the profile. */
  readonly profile: Identifier;
  /** Id of a `merge` entry in the profile's journal. */
  readonly merge?: string | undefined;
  /** One side: all links between these and the others are cut. */
  readonly identifiers?: readonly Identifier[] | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface UnmergeAnswer {
  readonly isDone: boolean;
  /** The profiles that there are now, or would be. One when other links still hold it together. */
  readonly profiles: readonly Profile[];
  /** Links that were cut. */
  readonly cut: readonly GraphLink[];
  /** When it did not fall apart: a chain of links that holds the two ends together. */
  readonly heldBy?: readonly GraphLink[] | undefined;
}

/** `PUT /v1/identity/settings?dryRun=true`: what a change of the rules would mean. */
export interface RuleImpact {
  /** Profiles looked at. */
  readonly profiles: number;
  /** Profiles that have more identifiers of a type than the new limit. They stay as they are, and get no more. */
  readonly overLimit: readonly {
    readonly type: string;
    readonly profiles: number;
    readonly examples: readonly string[];
  }[];
  /** Identifiers that would be none, or have another normal form, if they came now. They stay where they are. */
  readonly noIdentifiers: readonly {
    readonly type: string;
    readonly identifiers: number;
    readonly examples: readonly string[];
  }[];
  /** Links that were refused because of a limit, by the journals; under other limits events may make them. */
  readonly refusedLinks: number;
  /** Traits that would show another value at once, because another value survives. */
  readonly changedTraits: readonly {
    readonly trait: string;
    readonly profiles: number;
    readonly examples: readonly { readonly id: string; readonly from: unknown; readonly to: unknown }[];
  }[];
}

export interface IdentitySettingsAnswer {
  readonly settings: IdentitySettings;
  readonly impact: RuleImpact;
  /** Whether the settings are in force now. */
  readonly isDone: boolean;
}
