/** What each part of a profile needs to be read: its parameters, its limits, and how a page of it is made. */

import type { Gateway } from '../../engine/gateway.ts';
import type { Identifier } from '../../model/profile.ts';
import type { ListAddress } from './list-body.ts';
import type { PageQuery } from './page-query.ts';

/** Known by every part. */
export const COMMON_PARAMETERS = ['verbose', 'as_of', 'suppressNotFound'] as const;

/** Where a part is read from. */
export type PartSource = Pick<Gateway, 'profilePages' | 'accounts'>;

export interface PageAsked {
  readonly identifier: Identifier;
  readonly query: PageQuery;
  readonly list: ListAddress;
}

export interface PartReader {
  /** Beside those that every part knows. */
  readonly parameters: readonly string[];
  readonly limitUsual: number;
  readonly limitMax: number;
  /** The body; undefined when nobody has the identifier. Errors: invalid_request, invalid_cursor, history_not_kept. */
  read(source: PartSource, asked: PageAsked): Promise<string | undefined>;
  /** For nobody, when they do not want to be told so. */
  empty(list: ListAddress): string;
}
