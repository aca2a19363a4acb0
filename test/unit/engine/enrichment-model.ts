/** The slow truth of identity and enrichment: calls in a list, links in a list, everything worked out anew at each question. */

export interface Call {
  readonly under: string;
  readonly timeMs: number;
  readonly kind: 'own' | 'fill' | 'overwrite';
  readonly traits: Readonly<Record<string, unknown>>;
}

/** Identifiers are `type:value`. */
export class NaivePeople {
  calls: Call[] = [];
  links: (readonly [string, string])[] = [];

  /** The identifiers that hang together with this one; empty when nobody has it. */
  profile(identifier: string, links = this.links): Set<string> {
    const found = new Set([identifier]);
    for (const one of found) {
      for (const [a, b] of links) {
        if (a === one) found.add(b);
        if (b === one) found.add(a);
      }
    }
    const isLiving = this.calls.some(({ under, kind }) => kind === 'own' && found.has(under));
    return isLiving ? found : new Set();
  }

  link(a: string, b: string): void {
    if (!this.links.some((link) => isSame(link, [a, b]))) this.links.push([a, b]);
  }

  /** False when other links hold the two together. */
  unlink(a: string, b: string): boolean {
    const rest = this.links.filter((link) => !isSame(link, [a, b]));
    if (this.profile(a, rest).has(b)) return false;
    this.cut(rest);
    return true;
  }

  /** From now on only these links hold; identifiers under which nothing of people's own came are nobody's. */
  cut(links: readonly (readonly [string, string])[]): void {
    this.links = [...links];
    const names = new Set([...this.calls.map(({ under }) => under), ...this.links.flat()]);
    const gone = new Set([...names].filter((name) => this.profile(name).size === 0));
    this.calls = this.calls.filter(({ under }) => !gone.has(under));
    this.links = this.links.filter(([a, b]) => !gone.has(a) && !gone.has(b));
  }

  callsOf(identifier: string): Call[] {
    const names = this.profile(identifier);
    return this.calls.filter(({ under }) => names.has(under));
  }

  /** Undefined when nobody of that name was known by then. */
  lookup(identifier: string, atMs = Number.POSITIVE_INFINITY) {
    const calls = this.callsOf(identifier).filter(({ timeMs }) => timeMs <= atMs);
    const seen = calls.filter(({ kind }) => kind === 'own').map(({ timeMs }) => timeMs);
    if (seen.length === 0) return undefined;
    return { traits: foldLeaves(calls), firstMs: Math.min(...seen), lastMs: Math.max(...seen) };
  }
}

function isSame(link: readonly [string, string], [a, b]: readonly [string, string]): boolean {
  return (link[0] === a && link[1] === b) || (link[0] === b && link[1] === a);
}

/** Traits by path, as the calls leave them: those that fill first. */
export function foldLeaves(calls: readonly Call[]): Map<string, unknown> {
  const byTime = calls.toSorted((a, b) => a.timeMs - b.timeMs);
  const leaves = new Map<string, unknown>();
  for (const isFill of [true, false]) {
    for (const { kind, traits } of byTime) if ((kind === 'fill') === isFill) put(leaves, traits, '');
  }
  return leaves;
}

function put(leaves: Map<string, unknown>, value: unknown, path: string): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const members = isObject ? Object.entries(value) : [];
  if (isObject && (members.length > 0 || path === '')) {
    for (const [name, below] of members) put(leaves, below, path === '' ? name : `${path}.${name}`);
    return;
  }
  const below = [...leaves.keys()].filter((other) => other.startsWith(`${path}.`));
  if (value !== null) for (const other of [...leaves.keys()]) if (path.startsWith(`${other}.`)) leaves.delete(other);
  if (isObject && below.length > 0) return;
  for (const other of below) leaves.delete(other);
  if (value === null) leaves.delete(path);
  else leaves.set(path, value);
}
