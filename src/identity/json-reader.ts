/**
 * Checks of untrusted settings JSON. Every refusal names the place as a JSON pointer (`details.path`) and, for a word that is
 * nearly right, the right one (`details.suggestion`). Only own keys are read, so `__proto__` is a name like any other.
 */
import { nearestWord } from '../base/nearest-word.ts';
import { EngineError } from '../model/error.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const SHOWN_LENGTH_MAX = 60;

/** Errors: invalid_identity_settings, always. */
export function refuse(at: string, message: string, details: JsonObject = {}): never {
  const where = at === '' ? '' : ` (at ${at})`;
  throw new EngineError('invalid_identity_settings', `${message}${where}`, { details: { path: at, ...details } });
}

/** `at` and one key more, escaped as a JSON pointer. */
export function below(at: string, key: string | number): string {
  return `${at}/${typeof key === 'number' ? key : key.slice(0, SHOWN_LENGTH_MAX).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}

export function shown(json: unknown): string {
  if (json === undefined) return 'nothing';
  if (Array.isArray(json)) return 'a list';
  if (typeof json === 'object' && json !== null) return 'an object';
  if (typeof json !== 'string') return String(json);
  return JSON.stringify(json.length > SHOWN_LENGTH_MAX ? `${json.slice(0, SHOWN_LENGTH_MAX)}…` : json);
}

function refuseWord(at: string, start: string, word: string, words: readonly string[]): never {
  const suggestion = nearestWord(word, words);
  if (suggestion === undefined) refuse(at, `${start}; it is one of ${words.join(', ')}`);
  refuse(at, `${start}; did you mean ${JSON.stringify(suggestion)}?`, { suggestion });
}

/** An object with no keys but these. */
export function readObject(json: unknown, at: string, what: string, keys: readonly string[]): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    refuse(at, `${what} must be an object, not ${shown(json)}`);
  }
  const object = json as JsonObject;
  const stranger = Object.keys(object).find((key) => !keys.includes(key));
  if (stranger !== undefined) refuseWord(below(at, stranger), `${what} has no ${shown(stranger)}`, stranger, keys);
  return object;
}

/** The value of an own key; undefined when absent. */
export function field(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function readList<Item>(
  json: unknown,
  at: string,
  what: string,
  countMax: number,
  readItem: (json: unknown, at: string) => Item,
): Item[] {
  if (!Array.isArray(json)) refuse(at, `${what} must be a list, not ${shown(json)}`);
  if (json.length > countMax) refuse(at, `${what} has ${json.length} entries; ${countMax} are allowed`);
  return json.map((item, index) => readItem(item, below(at, index)));
}

export function readText(json: unknown, at: string, what: string, lengthMax: number): string {
  if (typeof json !== 'string') refuse(at, `${what} must be a text, not ${shown(json)}`);
  if (json.trim() === '') refuse(at, `${what} must not be empty`);
  if (json.length > lengthMax) refuse(at, `${what} has ${json.length} characters; ${lengthMax} are allowed`);
  if (/\p{Surrogate}/u.test(json)) refuse(at, `${what} has half a character (a surrogate without its other half)`);
  return json;
}

export function readWord<Word extends string>(json: unknown, at: string, what: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === json);
  if (found !== undefined) return found;
  return refuseWord(at, `${what} cannot be ${shown(json)}`, typeof json === 'string' ? json : '', words);
}

export function readBoolean(json: unknown, at: string, what: string): boolean {
  return typeof json === 'boolean' ? json : refuse(at, `${what} must be true or false, not ${shown(json)}`);
}

export function readInteger(json: unknown, at: string, what: string, max: number): number {
  if (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 && json <= max) return json === 0 ? 0 : json;
  return refuse(at, `${what} must be a whole number from 0 to ${max}, not ${shown(json)}`);
}

export function readShare(json: unknown, at: string, what: string): number {
  if (typeof json === 'number' && json > 0 && json <= 1) return json;
  return refuse(at, `${what} must be a number above 0 and up to 1, not ${shown(json)}`);
}

/** What an entry repeats is refused at the second place. */
export function refuseRepeated(keys: readonly string[], at: (index: number) => string, what: string): void {
  const seen = new Set<string>();
  for (const [index, key] of keys.entries()) {
    if (seen.has(key)) refuse(at(index), `${what} ${shown(key)} has two entries; put them together`);
    seen.add(key);
  }
}
