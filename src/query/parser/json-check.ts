/**
 * What every check of untrusted JSON shares: the limits, the count of nodes so far, and refusals that name the place as
 * a JSON pointer. `at` is always the pointer of the value in hand. Values are expected as JSON.parse makes them; only
 * own keys are read, so that `__proto__` and `constructor` are names like any other.
 */
import { nearestWord } from '../../base/nearest-word.ts';
import { EngineError, type ErrorCode } from '../../model/error.ts';
import type { QueryLimits } from '../../model/limits.ts';
import { quoted, suggestionText } from './suggestion.ts';

type QueryErrorCode = Extract<ErrorCode, 'query_invalid' | 'query_type' | 'query_too_large'>;
export type JsonObject = Readonly<Record<string, unknown>>;

export class JsonCheck {
  readonly limits: QueryLimits;
  #nodeCount = 0;
  #eventNodeCount = 0;

  constructor(limits: QueryLimits) {
    this.limits = limits;
  }

  /** One leaf, connective, predicate or step more. Errors: query_too_large past the limit. */
  countNode(at: string): void {
    this.#nodeCount += 1;
    if (this.#nodeCount > this.limits.nodeCount) {
      refuse('query_too_large', at, `the query has more than ${this.limits.nodeCount} conditions`);
    }
  }

  /** That the node looks at events: there may be fewer such. Errors: query_too_large past the limit. */
  countEvent(at: string): void {
    this.#eventNodeCount += 1;
    if (this.#eventNodeCount > this.limits.eventNodeCount) {
      refuse(
        'query_too_large',
        at,
        `the query has more than ${this.limits.eventNodeCount} conditions on events and their properties`,
      );
    }
  }

  list(json: unknown, at: string, what: string): readonly unknown[] {
    if (!Array.isArray(json)) refuse('query_type', at, `${what} must be a list, not ${kindOf(json)}`);
    if (json.length > this.limits.listLength) {
      refuse('query_too_large', at, `${what} has ${json.length} entries; ${this.limits.listLength} are allowed`);
    }
    return json;
  }
}

export function refuse(code: QueryErrorCode, at: string, message: string, details: JsonObject = {}): never {
  throw new EngineError(code, message, { details: { path: at, ...details } });
}

/** `at` and one key more, escaped as a JSON pointer. */
export function below(at: string, key: string | number): string {
  return `${at}/${typeof key === 'number' ? key : key.slice(0, 100).replace(/~/g, '~0').replace(/\//g, '~1')}`;
}

export function kindOf(json: unknown): string {
  if (json === null) return 'null';
  if (json === undefined) return 'nothing';
  if (Array.isArray(json)) return 'a list';
  if (typeof json === 'string') return `the text ${quoted(json)}`;
  if (typeof json === 'number') return `the number ${json}`;
  return typeof json === 'boolean' ? String(json) : typeof json === 'object' ? 'an object' : `a ${typeof json}`;
}

export function checkObject(json: unknown, at: string, what: string): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    refuse('query_invalid', at, `${what} must be an object, not ${kindOf(json)}`);
  }
  return json as JsonObject;
}

/** Refuses the first key that is not one of `keys`. */
export function checkKeys(object: JsonObject, keys: readonly string[], at: string, what: string): void {
  for (const key of Object.keys(object)) {
    if (keys.includes(key)) continue;
    const suggestion = nearestWord(key, keys);
    const hint = suggestion === undefined ? `; it takes ${keys.join(', ')}` : suggestionText(suggestion);
    const details = suggestion === undefined ? {} : { suggestion };
    refuse('query_invalid', below(at, key), `${what} has no ${quoted(key)}${hint}`, details);
  }
}

/** The value of an own key; undefined when absent. */
export function field(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

export function checkText(json: unknown, at: string, what: string): string {
  if (typeof json !== 'string') refuse('query_type', at, `${what} must be a text, not ${kindOf(json)}`);
  if (json === '') refuse('query_invalid', at, `${what} must not be empty`);
  return json;
}

export function checkInteger(json: unknown, at: string, what: string, min: number, max: number): number {
  if (typeof json !== 'number') refuse('query_type', at, `${what} must be a whole number, not ${kindOf(json)}`);
  if (!Number.isSafeInteger(json) || json < min || json > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    refuse('query_invalid', at, `${what} must be a whole number ${range}, not ${json}`);
  }
  return json === 0 ? 0 : json;
}

/** One of a closed set of words. */
export function checkWord<Word extends string>(json: unknown, words: readonly Word[], at: string, what: string): Word {
  const word = checkText(json, at, what);
  const found = words.find((candidate) => candidate === word);
  if (found !== undefined) return found;
  const suggestion = nearestWord(word, words);
  const hint = suggestion === undefined ? `; it is one of ${words.join(', ')}` : suggestionText(suggestion);
  return refuse(
    'query_invalid',
    at,
    `${what} cannot be ${quoted(word)}${hint}`,
    suggestion === undefined ? {} : { suggestion },
  );
}
