/** Paths that a caller wants to see: a path keeps what is below it. */
import { splitPath } from '../../base/path.ts';

export type FieldFilter = (segments: readonly string[]) => boolean;

/** `root` may stand before a path, as in `traits.address`. */
export function fieldFilter(fields: readonly string[] | undefined, root: string): FieldFilter {
  if (fields === undefined) return () => true;
  const paths = fields.map((field) => {
    const segments = splitPath(field);
    return segments[0] === root && segments.length > 1 ? segments.slice(1) : segments;
  });
  return (segments) => paths.some((path) => path.every((segment, i) => segments[i] === segment));
}
