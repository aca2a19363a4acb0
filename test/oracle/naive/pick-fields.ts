/** The chosen fields of a rendered profile: top-level names, and trait paths with all below them. `id` always stays. */
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from './json-value.ts';
import { parsePath } from './path.ts';

const TOP_LEVEL = ['identifiers', 'traits', 'first_seen', 'last_seen', 'counts', 'segments', 'events'];

export function pickFields(profile: JsonObject, fields: readonly string[]): JsonObject {
  const kept = Object.entries(profile).filter(([key]) => key === 'id' || fields.includes(key));
  const paths = fields.filter((field) => !TOP_LEVEL.includes(field)).map(parsePath);
  if (fields.includes('traits') || paths.length === 0) return Object.fromEntries(kept);
  const traits = ownValue(profile, 'traits');
  const picked = isJsonObject(traits) ? (pickBelow(traits, paths) ?? {}) : {};
  return Object.fromEntries([...kept, ['traits', picked]]);
}

/** What the paths keep of a value; undefined when nothing. Arrays are kept whole or not at all. */
function pickBelow(value: JsonValue, paths: readonly (readonly string[])[]): JsonValue | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if (!isJsonObject(value)) return undefined;
  const picked = Object.entries(value).flatMap(([key, member]) => {
    const below = paths.filter((path) => path[0] === key).map((path) => path.slice(1));
    const kept = below.length === 0 ? undefined : pickBelow(member, below);
    return kept === undefined ? [] : [[key, kept] as const];
  });
  return picked.length === 0 ? undefined : Object.fromEntries(picked);
}
