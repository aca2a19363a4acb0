/** Calls that are kept as an event of a fixed name; a `track` of that name looks the same. */
export const PAGE_VIEWED = 'Page Viewed';
export const SCREEN_VIEWED = 'Screen Viewed';
/** Of a group call; what it says of the account is the property `traits`. */
export const GROUP_JOINED = 'Group Joined';
/** A track call like any other, but for what it says of accounts. */
export const GROUP_LEFT = 'Group Left';

export type CallKind = 'page' | 'screen' | 'group';

export const CALL_OF_EVENT: ReadonlyMap<string, CallKind> = new Map([
  [PAGE_VIEWED, 'page'],
  [SCREEN_VIEWED, 'screen'],
  [GROUP_JOINED, 'group'],
]);
