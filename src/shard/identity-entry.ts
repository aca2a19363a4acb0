/** Ids of journal entries, where who is linked is told by identifiers. */
import { entryIdOf, identifierText } from '../profile/journal.ts';
import type { IdentifierPair } from './identity-command.ts';

export { identifierText as textOf };

/** The same for the same link at the same time, wherever it is noted. */
export function entryId(kind: string, [a, b]: IdentifierPair, atMs: number): string {
  return entryIdOf(kind, identifierText(a), identifierText(b), atMs);
}
