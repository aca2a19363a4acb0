/** A profile as it is read: the JSON of a lookup, and what a caller may choose of it. */
import type { Value } from './value.ts';

export interface Identifier {
  /** `user_id`, `anonymous_id`, `email`, `phone`, or any custom type from `context.externalIds`. */
  readonly type: string;
  readonly value: string;
}

export interface ProfileEvent {
  readonly event: string;
  /** ISO 8601 with milliseconds, UTC. */
  readonly timestamp: string;
  readonly properties: { readonly [key: string]: Value };
  readonly messageId: string;
  /** Present when the event carried one. */
  readonly context?: { readonly [key: string]: Value } | undefined;
}

/** What a lookup answers. `first_seen` and `last_seen` are ISO 8601; `events` only when asked for, newest first. */
export interface Profile {
  readonly id: string;
  readonly identifiers: readonly Identifier[];
  readonly traits: { readonly [key: string]: Value };
  readonly first_seen: string;
  readonly last_seen: string;
  readonly counts: { readonly [event: string]: number };
  readonly segments: readonly string[];
  readonly events?: readonly ProfileEvent[] | undefined;
}

export interface LookupOptions {
  /** Trait paths (`address.country`) or top-level names (`first_seen`, `counts` …) to keep; absent = all. `id` always stays. */
  readonly fields?: readonly string[] | undefined;
  /** How many of the newest events to include; 0 or absent = no `events` field. */
  readonly events?: number | undefined;
  /** The profile as of a past moment, ms since the epoch: what was sent with a later time is left out. Who is one person is as of now. */
  readonly at?: number | undefined;
  /** Traits as a flat map, path → `TracedTrait`: value, source, message id and time. */
  readonly verbose?: boolean | undefined;
}

/** What an export may choose. */
export type ExportOptions = Pick<LookupOptions, 'fields' | 'events'>;
