/** What others know of people whom the engine has: second- and third-party data, joined by identifier. */
import type { RejectedItem } from './ingest.ts';
import type { Identifier } from './profile.ts';

/**
 * `fill`: shows only where the person's own calls never set or removed the trait, and gives way as soon as one does. `overwrite`: has a say
 * like any call, by its time. Among calls that fill the newest wins.
 */
export const ENRICHMENT_PRIORITIES = ['fill', 'overwrite'] as const;
export type EnrichmentPriority = (typeof ENRICHMENT_PRIORITIES)[number];

export interface EnrichmentRecord {
  /** Readings of who is meant; the first that somebody has counts. */
  readonly who: readonly Identifier[];
  readonly traits: Readonly<Record<string, unknown>>;
  /** When the source knew it: ISO 8601 or ms since the epoch. Absent = when it comes. */
  readonly at?: string | number | undefined;
}

/** `POST /v1/enrichment`. */
export interface EnrichmentRequest {
  /** Who says it: what `source_priority` and the history of traits name. */
  readonly source: string;
  readonly priority: EnrichmentPriority;
  readonly records: readonly EnrichmentRecord[];
}

export interface EnrichmentAnswer {
  /** Records that found their profile and are kept with it, those that came before included. */
  readonly matched: number;
  /** Of these, records that the profile had already: the same of source, priority, identifier, traits and time. */
  readonly duplicates: number;
  /** Records of nobody whom the engine has; nobody is made of them. */
  readonly unmatched: readonly RejectedItem[];
  /** Records that are wrong, whoever is meant. */
  readonly rejected: readonly RejectedItem[];
}
