/** JSON text with sorted keys, so that two documents can be compared without caring for the order of members. */
import { isJsonObject, toJsonValue } from './naive/json-value.ts';

export function canonicalText(value: unknown): string {
  const json = toJsonValue(value);
  if (Array.isArray(json)) return `[${json.map(canonicalText).join(',')}]`;
  if (!isJsonObject(json)) return JSON.stringify(json);
  const members = Object.keys(json)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(json[key])}`);
  return `{${members.join(',')}}`;
}

/** A profile, whose identifiers may come in any order. */
export function canonicalProfile(profile: { readonly identifiers?: unknown } | undefined): string {
  if (profile === undefined) return 'not found';
  const { identifiers } = profile;
  if (!Array.isArray(identifiers)) return canonicalText(profile);
  return canonicalText({ ...profile, identifiers: identifiers.map(canonicalText).sort() });
}
