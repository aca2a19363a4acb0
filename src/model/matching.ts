/** Probable duplicates: profiles without a common identifier that are likely one person, put up for a person to decide. */
import type { Identifier } from './profile.ts';

/** `POST /v1/identity/matching`. */
export interface MatchingRequest {
  /** Traits to compare by; absent = those that look like personal data. */
  readonly fields?: readonly string[] | undefined;
  /** Pairs from this probability on are suggested; absent = as the rules of identity say (`linkage.review`). */
  readonly suggestFrom?: number | undefined;
  /** Same data, same seed, same suggestions. */
  readonly seed?: number | undefined;
}

export const MATCHING_STAGES = ['read', 'prepare', 'learn', 'score', 'group', 'merge'] as const;

export interface MatchingState {
  readonly state: 'never' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
  readonly progress?:
    | { readonly stage: (typeof MATCHING_STAGES)[number]; readonly done: number; readonly total: number }
    | undefined;
  /** Traits that were compared. */
  readonly fields?: readonly string[] | undefined;
  /** By which keys profiles were brought together to be compared. */
  readonly rules?: readonly string[] | undefined;
  /** Profiles with at least one of the traits. */
  readonly profiles?: number | undefined;
  readonly comparedPairs?: number | undefined;
  /** Pairs that wait for a decision. */
  readonly suggested?: number | undefined;
  /** Pairs that were merged at once, as the rules of identity allow. */
  readonly merged?: number | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

export const SUGGESTION_STATES = ['open', 'accepted', 'rejected'] as const;
export type SuggestionState = (typeof SUGGESTION_STATES)[number];

export interface Suggestion {
  readonly id: string;
  readonly state: SuggestionState;
  readonly a: Identifier;
  readonly b: Identifier;
  readonly probability: number;
  /** log2 of the odds: the prior, the crowd's share and the weights of the fields added up. */
  readonly weight: number;
  readonly priorWeight: number;
  /** Taken off because people who live or work together look alike too; 0 or below. */
  readonly crowdWeight: number;
  /** What speaks for it and against it, a line a field. */
  readonly evidence: readonly SuggestionEvidence[];
  readonly suggestedAt: string;
  readonly decidedAt?: string | undefined;
}

export interface SuggestionEvidence {
  readonly field: string;
  readonly level: string;
  readonly a: string;
  readonly b: string;
  readonly weight: number;
}

export interface SuggestionPage {
  readonly suggestions: readonly Suggestion[];
  readonly cursor?: string | undefined;
}

/** One run at a time; profiles are read in slices and compared on workers. */
export interface Matching {
  readonly state: MatchingState;
  /** Begins a run. Errors: matching_running, invalid_request, shutting_down. What goes wrong in the run is told by `state`. */
  start(request: MatchingRequest): MatchingState;
  /** Resolves when no run is under way. */
  settled(): Promise<MatchingState>;
  cancel(): void;
  /** Likeliest first; open ones that became one profile, or are gone, are left out. Errors: invalid_cursor. */
  suggestions(state: SuggestionState, limit: number, cursor?: string): SuggestionPage;
  /** Accepting merges the two. Errors: suggestion_not_found, suggestion_decided, profile_not_found, merge_refused. */
  decide(id: string, decision: 'accept' | 'reject'): Promise<Suggestion>;
}
