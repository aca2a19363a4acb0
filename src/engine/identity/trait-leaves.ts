/** A tree of traits as paths and values, arrays whole. */
import { joinPath } from '../../base/path.ts';

export function leavesOf(traits: Readonly<Record<string, unknown>>): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, segments: readonly string[]): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      leaves.set(joinPath(segments), value);
      return;
    }
    for (const [name, below] of Object.entries(value)) walk(below, [...segments, name]);
  };
  walk(traits, []);
  return leaves;
}
