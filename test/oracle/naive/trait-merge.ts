/**
 * How an identify changes traits, path by path: an object merges into an object; a scalar or array replaces what stood
 * there with all below it; null removes the path with all below it. An object is there as long as something is below it,
 * or because it was sent empty: one that loses its last member is gone, and removing below a scalar leaves the scalar.
 */
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';

export function mergeTraits(traits: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(traits));
  for (const [key, change] of Object.entries(patch)) {
    const value = mergeValue(merged.get(key), change);
    if (value === undefined) merged.delete(key);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** What stands at a path after the change; undefined = nothing. */
function mergeValue(current: JsonValue | undefined, change: JsonValue): JsonValue | undefined {
  if (change === null) return undefined;
  if (!isJsonObject(change)) return change;
  const members = isJsonObject(current) ? current : {};
  const merged = mergeTraits(members, change);
  if (Object.keys(merged).length > 0 || Object.keys(change).length === 0) return merged;
  // The change only removed. What was already empty of members (missing, a scalar, an empty object) stays what it was.
  return Object.keys(members).length === 0 ? current : undefined;
}
