/** Journal entries as commands bring them about: their ids, and what is worked out where the profiles are. */
import { xxh32 } from '../base/hash.ts';
import type { JournalEntry } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import type { IdentifierPair, Joining } from './identity-command.ts';

export function textOf({ type, value }: Identifier): string {
  return `${type}:${value}`;
}

/** The same for the same link at the same time, wherever it is noted. */
export function entryId(kind: string, [a, b]: IdentifierPair, atMs: number): string {
  const bytes = Buffer.from(`${kind}\u0000${textOf(a)}\u0000${textOf(b)}\u0000${atMs}`, 'utf8');
  const hex = (seed: number): string => xxh32(bytes, 0, bytes.length, seed).toString(16).padStart(8, '0');
  return `${kind}_${hex(1)}${hex(2)}`;
}

/** `into`, `merged`: the profiles' names before. */
export function mergeEntry(
  { link, atMs, reason, messageId }: Joining,
  into: Identifier,
  merged: Identifier,
): JournalEntry {
  return {
    id: entryId('merge', link, atMs),
    at: atMs,
    kind: 'merge',
    reason,
    from: textOf(link[0]),
    to: textOf(link[1]),
    into: nameOf(into),
    merged: nameOf(merged),
    ...(messageId === undefined ? {} : { messageId }),
  };
}

/** As a profile's `id` has it: a user id stands alone. */
function nameOf(identifier: Identifier): string {
  return identifier.type === 'user_id' ? identifier.value : textOf(identifier);
}
