/** What callers send: Segment's calls as types, and what becomes of each. */
import type { KithError } from './kith-error.ts';

/** Any JSON value, or a `Date`. What is `undefined` is left out. */
export type Fields = Readonly<Record<string, unknown>>;

/** One of `userId` and `anonymousId` must be given, or an identifier in `context.externalIds`. */
export interface CallBase {
  readonly userId?: string | undefined;
  readonly anonymousId?: string | undefined;
  /** An item that was stored under this id within a day is not stored again. Absent = a new one. */
  readonly messageId?: string | undefined;
  /** When it happened. Absent = now, by this machine's clock. */
  readonly timestamp?: Date | string | number | undefined;
  readonly context?: Fields | undefined;
}

export interface TrackCall extends CallBase {
  readonly event: string;
  readonly properties?: Fields | undefined;
}
export interface IdentifyCall extends CallBase {
  readonly traits?: Fields | undefined;
}
export interface PageCall extends CallBase {
  readonly name?: string | undefined;
  readonly category?: string | undefined;
  readonly properties?: Fields | undefined;
}
export type ScreenCall = PageCall;
export interface GroupCall extends CallBase {
  readonly groupId: string;
  readonly traits?: Fields | undefined;
}
export interface AliasCall extends CallBase {
  readonly previousId: string;
}

export type Item =
  | (TrackCall & { readonly type: 'track' })
  | (IdentifyCall & { readonly type: 'identify' })
  | (PageCall & { readonly type: 'page' })
  | (ScreenCall & { readonly type: 'screen' })
  | (GroupCall & { readonly type: 'group' })
  | (AliasCall & { readonly type: 'alias' });

/** The item is stored, as far as the ack level says. */
export interface Receipt {
  readonly messageId: string;
}

export type ItemOutcome =
  | { readonly status: 'accepted'; readonly messageId: string }
  | { readonly status: 'refused'; readonly messageId: string | undefined; readonly error: KithError };
