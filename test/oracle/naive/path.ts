/**
 * What a path reaches in a document, by walking it. A step onto an array goes into every element; what lies at the end is
 * flattened. `isPresent` is what `exists` asks: something that is not null stands there, be it an empty array or object.
 */
import { isJsonObject, type JsonScalar, type JsonValue, ownValue } from './json-value.ts';

export interface ReachedScalar {
  readonly value: JsonScalar;
  /** An array was on the way, so `contains` asks for equality, not for a substring. */
  readonly isInArray: boolean;
}
export interface Reach {
  readonly isPresent: boolean;
  readonly scalars: readonly ReachedScalar[];
}

export const NOTHING: Reach = { isPresent: false, scalars: [] };

/** `a\.b.c` → `['a.b', 'c']`. */
export function parsePath(path: string): readonly string[] {
  const segments = [''];
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '.') segments.push('');
    else {
      if (path[i] === '\\') i += 1;
      segments[segments.length - 1] += path[i];
    }
  }
  return segments;
}

export function reach(document: JsonValue | undefined, segments: readonly string[]): Reach {
  const scalars: ReachedScalar[] = [];
  let isPresent = false;
  const walk = (value: JsonValue | undefined, depth: number, isInArray: boolean): void => {
    if (value === undefined || value === null) return;
    const isEnd = depth === segments.length;
    if (isEnd) isPresent = true;
    if (Array.isArray(value)) for (const element of value) walk(element, depth, true);
    else if (isJsonObject(value)) {
      if (!isEnd) walk(ownValue(value, segments[depth]), depth + 1, isInArray);
    } else if (isEnd) scalars.push({ value: value as JsonScalar, isInArray });
  };
  walk(document, 0, false);
  return { isPresent, scalars };
}
