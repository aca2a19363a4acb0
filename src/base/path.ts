/** Paths as people write them: `address.country`; `\.` is a dot inside a name, `\\` a backslash. */
export function splitPath(path: string): string[] {
  if (!path.includes('\\')) return path.split('.');
  const segments: string[] = [];
  let segment = '';
  for (let i = 0; i < path.length; i++) {
    const character = path[i];
    if (character === '\\' && i + 1 < path.length) {
      i += 1;
      segment += path[i];
    } else if (character === '.') {
      segments.push(segment);
      segment = '';
    } else {
      segment += character;
    }
  }
  segments.push(segment);
  return segments;
}

/** The inverse of `splitPath`. */
export function joinPath(segments: readonly string[]): string {
  return segments.map((segment) => segment.replaceAll('\\', '\\\\').replaceAll('.', '\\.')).join('.');
}
