/** Accounts (B2B): what group calls name, with what they say of it and the people who are in it. */

import type { CancelSignal } from '../base/cancel-source.ts';
import type { Identifier } from './profile.ts';

export interface Account {
  /** The `groupId` of its calls. */
  readonly id: string;
  readonly traits: Readonly<Record<string, unknown>>;
  /** Earliest and latest time of its calls. */
  readonly first_seen: string;
  readonly last_seen: string;
  /** How many are in it now. */
  readonly people: number;
}

export interface AccountPage {
  readonly accounts: readonly Account[];
  readonly cursor?: string | undefined;
}

export interface AccountPeople {
  /** As answers to questions show them. */
  readonly ids: readonly string[];
  readonly cursor?: string | undefined;
}

export interface PageOptions {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** Errors of all: query_cancelled; of pages: invalid_cursor, query_invalid. */
export interface Accounts {
  get(id: string, signal?: CancelSignal): Promise<Account | undefined>;
  list(options?: PageOptions, signal?: CancelSignal): Promise<AccountPage>;
  /** Who is in it; undefined when there is no such account. */
  people(id: string, options?: PageOptions, signal?: CancelSignal): Promise<AccountPeople | undefined>;
  /** What somebody is in; undefined when nobody has the identifier. */
  ofPerson(identifier: Identifier, options?: PageOptions, signal?: CancelSignal): Promise<AccountPage | undefined>;
}
