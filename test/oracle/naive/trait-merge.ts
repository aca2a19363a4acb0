/**
 * How an identify changes traits: JSON merge patch (RFC 7396). Object into object path by path; a scalar or array
 * replaces what stood there with all below it; null removes; an object that loses its last member stays, empty.
 */
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';

export function mergeTraits(traits: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(traits));
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key);
    else merged.set(key, mergeValue(merged.get(key), change));
  }
  return Object.fromEntries(merged);
}

function mergeValue(current: JsonValue | undefined, change: JsonValue): JsonValue {
  if (!isJsonObject(change)) return change;
  return mergeTraits(isJsonObject(current) ? current : {}, change);
}
