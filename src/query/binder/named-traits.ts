/** Which traits a question looks at, wherever it names them: conditions, right-hand sides, figures, dimensions. */
import { splitPath } from '../../base/path.ts';
import type { PastChoice } from '../../profile/history/past-traits.ts';
import { isSeenPath } from './bind-seen.ts';

/** Paths under `trait` and, as dimensions are written, texts under `by`. May name too many, never too few. */
export function namedTraits(question: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(question)) {
    for (const part of question) namedTraits(part, found);
  } else if (typeof question === 'object' && question !== null) {
    for (const [name, part] of Object.entries(question)) {
      if (name === 'trait' && typeof part === 'string') found.add(part);
      else if (name === 'by') addDimensions(part, found);
      namedTraits(part, found);
    }
  }
  return found;
}

function addDimensions(by: unknown, found: Set<string>): void {
  for (const dimension of Array.isArray(by) ? by : [by]) if (typeof dimension === 'string') found.add(dimension);
}

/** What of the past a question at the moment needs; undefined = no trait. */
export function pastChoiceOf(atMs: number | undefined, traits: ReadonlySet<string>): PastChoice | undefined {
  if (atMs === undefined || traits.size === 0) return undefined;
  const paths = [...traits].map(splitPath);
  const names = new Set(paths.filter((path) => !isSeenPath(path)).map(([name]) => name));
  return { atMs, names: [...names].sort(), hasSeen: paths.some(isSeenPath) };
}
