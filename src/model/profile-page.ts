/**
 * One profile read in parts, a page at a time: traits with where they came from, identifiers, events, first and last message, accounts. Values are
 * JSON texts, written from the columns as in a lookup. A page goes on behind the last thing of the page before, named by itself
 * and not by a place, so that what comes meanwhile moves nothing.
 */
import type { Identifier } from './profile.ts';

/** An item as somebody's last or first word. */
export interface ItemOrigin {
  readonly timeMs: number;
  readonly messageId: string;
  /** As its context names it; undefined when it named none. */
  readonly source: string | undefined;
}

export interface PageBounds {
  readonly limit: number;
  /** The profile as it was then: nothing later counts. Absent = now. */
  readonly asOfMs?: number | undefined;
}

export interface TraitPageRequest extends PageBounds {
  /** Name of the last trait of the page before. */
  readonly after?: string | undefined;
  /** Top-level names to keep. */
  readonly include?: readonly string[] | undefined;
  /** Trait paths to keep, with all below them. */
  readonly fields?: readonly string[] | undefined;
  /** Costs a look at each call that the profile got, for each trait of the page. */
  readonly hasLineage?: boolean | undefined;
}

export interface TraitEntry {
  readonly name: string;
  readonly json: string;
  /** The last call whose value this is, or part of it; only when asked for. */
  readonly lineage?: ItemOrigin | undefined;
}

/** In the order of names (by UTF-16 units). */
export interface TraitPage {
  readonly traits: readonly TraitEntry[];
  readonly hasMore: boolean;
}

export interface SegmentKeyPageRequest {
  readonly limit: number;
  /** The last key of the page before. */
  readonly after?: string | undefined;
  readonly include?: readonly string[] | undefined;
}

/** Saved segments that the profile is in, in the order of keys; each as of the moment at which it was looked at, which differ by a few turns. */
export interface SegmentKeyPage {
  readonly keys: readonly string[];
  readonly hasMore: boolean;
  readonly atMs: number;
}

export interface IdentifierPageRequest extends PageBounds {
  readonly after?: Identifier | undefined;
  /** Types to keep. */
  readonly include?: readonly string[] | undefined;
}

export interface IdentifierEntry extends Identifier {
  /** When the engine learnt that it is the profile's, to the second. */
  readonly linkedAtMs: number;
  /** The earliest item that came under it; undefined when it only ever came along with others. */
  readonly first: ItemOrigin | undefined;
}

/** By type, then value. */
export interface IdentifierPage {
  readonly identifiers: readonly IdentifierEntry[];
  readonly hasMore: boolean;
}

/** `nth` tells messages of the same id and time apart: 1 = the first of them. */
export interface EventPosition {
  readonly timeMs: number;
  readonly messageId: string;
  readonly nth: number;
}

export interface EventPageRequest extends PageBounds {
  readonly after?: EventPosition | undefined;
  readonly isAscending?: boolean | undefined;
  /** From then on. */
  readonly startMs?: number | undefined;
  /** Before then. */
  readonly endMs?: number | undefined;
  /** Event names; `identify` stands for identify calls. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Property paths to keep, with all below them. */
  readonly fields?: readonly string[] | undefined;
}

export interface EventEntry extends ItemOrigin {
  readonly event: string;
  /** The call that it came by, as far as the event's name tells. */
  readonly kind: 'track' | 'page' | 'screen' | 'group' | 'identify';
  /** Of an identify call: its traits. */
  readonly propertiesJson: string;
  readonly contextJson: string | undefined;
  /** The identifier that it came under. */
  readonly identifier: Identifier | undefined;
}

/** Newest first unless asked otherwise. May be shorter than the limit although there is more, when it grows large. */
export interface EventPage {
  readonly events: readonly EventEntry[];
  /** Undefined = there is nothing more. */
  readonly next: EventPosition | undefined;
}

export interface ProfileMetadata {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly first: ItemOrigin | undefined;
  readonly last: ItemOrigin | undefined;
}

export interface AccountPageRequest extends PageBounds {
  readonly after?: string | undefined;
}

export interface AccountEntry {
  readonly id: string;
  /** The group call by which the person joined first. */
  readonly first: ItemOrigin;
}

/** In the order of ids. */
export interface AccountPage {
  readonly accounts: readonly AccountEntry[];
  readonly hasMore: boolean;
}

/** Undefined everywhere: nobody has the identifier, or had been seen by then. */
export interface ProfilePages {
  traits(identifier: Identifier, request: TraitPageRequest): TraitPage | undefined;
  segments(identifier: Identifier, request: SegmentKeyPageRequest): Promise<SegmentKeyPage | undefined>;
  identifiers(identifier: Identifier, request: IdentifierPageRequest): IdentifierPage | undefined;
  events(identifier: Identifier, request: EventPageRequest): EventPage | undefined;
  metadata(identifier: Identifier, asOfMs?: number): ProfileMetadata | undefined;
  accounts(identifier: Identifier, request: AccountPageRequest): AccountPage | undefined;
}
