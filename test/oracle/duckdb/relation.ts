/**
 * Relations as SQL text. A reached relation has the columns owner, ordinal, kind, number, text, flag, instant, in_array:
 * the values that a path reaches, of every profile (traits) or of every event (properties) at once.
 */
import type { FieldReference } from '../../../src/model/expression.ts';
import { keysOf, pathKey } from './shred.ts';
import { quote } from './sql-text.ts';

export const REACHED_COLUMNS = 'owner, ordinal, kind, number, text, flag, instant, in_array';

export function reachedTrait(path: string): string {
  return reachedPart('trait', keysOf(path));
}

export function reachedProperty(path: string): string {
  const keys = keysOf(path);
  const own = reachedPart('property', keys);
  if (keys.length < 2 || keys[0] !== 'context') return own;
  const outer = reachedPart('context', keys.slice(1));
  return `(SELECT * FROM ${own} UNION ALL SELECT * FROM ${outer}
    WHERE owner NOT IN (SELECT owner FROM ${own} WHERE kind <> 'null'))`;
}

function reachedPart(part: 'trait' | 'property' | 'context', keys: readonly string[]): string {
  return `(SELECT ${REACHED_COLUMNS} FROM nodes WHERE part = '${part}' AND path = ${quote(pathKey(keys))})`;
}

/** How the owner of the left-hand side meets the right-hand side: both of profiles, or of events. */
export type OwnerKind = 'profile' | 'event';

/** owner, kind, number, text, flag, instant of a named field, for owners of the given kind. */
export function reachedReference(reference: FieldReference, ownerKind: OwnerKind): string {
  if ('property' in reference) return reachedProperty(reference.property);
  if (ownerKind === 'profile') return reachedTrait(reference.trait);
  return `(SELECT e.id AS owner, t.* EXCLUDE (owner) FROM events e JOIN ${reachedTrait(reference.trait)} t ON t.owner = e.profile)`;
}
