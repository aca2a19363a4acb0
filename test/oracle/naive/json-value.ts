/**
 * The values the naive model keeps: plain JSON. Dates become their ISO text at the door, as the engine's door does.
 * `__proto__` is a key like any other, so objects are only ever read through `ownValue` and copied by own entries.
 */
export type JsonScalar = string | number | boolean;
export type JsonObject = { readonly [key: string]: JsonValue };
export type JsonValue = JsonScalar | null | readonly JsonValue[] | JsonObject;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A deep copy as plain JSON; `undefined` members vanish as they do on the wire. */
export function toJsonValue(value: unknown): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== 'object') throw new TypeError(`not a JSON value: ${typeof value}`);
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([key, member]) => [key, toJsonValue(member)]));
}
