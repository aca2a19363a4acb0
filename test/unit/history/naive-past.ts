/**
 * The slow truth about a person's past: the calls as they were sent, applied to a tree of plain nodes up to a moment. Shares nothing with the
 * engine but the order of calls (by time, then arrival).
 */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Call {
  readonly timeMs: number;
  readonly arrival: number;
  readonly messageId: string;
  readonly source: string | undefined;
  /** Which identifier it came under. */
  readonly origin: string;
  readonly traits: { [key: string]: Json };
}

export interface Told {
  readonly value: Json;
  readonly call: Call;
}

interface Node {
  leaf: Told | undefined;
  readonly children: Map<string, Node>;
}

export const RULES = ['oldest', 'max', 'min', 'sum', 'union', 'most_frequent'] as const;
export type Rule = (typeof RULES)[number];

const isTree = (value: Json): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
const isEmptyObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

/** The calls' leaves: path joined by dots (names here have none) → value. */
export function leavesOf(traits: { [key: string]: Json }, prefix = ''): [string, Json][] {
  return Object.entries(traits).flatMap(([name, value]): [string, Json][] =>
    isTree(value) ? leavesOf(value, `${prefix}${name}.`) : [[prefix + name, value]],
  );
}

export function inOrder(calls: readonly Call[], untilMs: number): Call[] {
  return calls
    .filter(({ timeMs }) => timeMs <= untilMs)
    .toSorted((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
}

/** Path → value and the call it came with. */
export function newestAt(calls: readonly Call[], untilMs: number): Map<string, Told> {
  const root: Node = { leaf: undefined, children: new Map() };
  for (const call of inOrder(calls, untilMs)) {
    for (const [path, value] of leavesOf(call.traits)) write(root, path.split('.'), { value, call });
  }
  const found = new Map<string, Told>();
  collect(root, [], found);
  return found;
}

function write(root: Node, path: string[], told: Told): void {
  const isNull = told.value === null;
  let node = root;
  for (const name of path) {
    // A plain value gives way to what is below it; a null below it takes nothing away.
    if (!isNull) node.leaf = undefined;
    let child = node.children.get(name);
    if (child === undefined) {
      child = { leaf: undefined, children: new Map() };
      node.children.set(name, child);
    }
    node = child;
  }
  if (isEmptyObject(told.value) && hasLeafBelow(node)) return;
  node.children.clear();
  node.leaf = isNull ? undefined : told;
}

function hasLeafBelow(node: Node): boolean {
  return [...node.children.values()].some((child) => child.leaf !== undefined || hasLeafBelow(child));
}

function collect(node: Node, path: string[], found: Map<string, Told>): void {
  if (node.leaf !== undefined) found.set(path.join('.'), node.leaf);
  for (const [name, child] of node.children) collect(child, [...path, name], found);
}

/** What a flat trait with the rule shows. */
export function survivorAt(calls: readonly Call[], untilMs: number, trait: string, rule: Rule): Json | undefined {
  const having = inOrder(calls, untilMs).filter((call) => Object.hasOwn(call.traits, trait));
  const byOrigin = new Map<string, Call>();
  for (const call of having) {
    byOrigin.delete(call.origin);
    if (call.traits[trait] !== null) byOrigin.set(call.origin, call);
  }
  const values = [...byOrigin.values()].map((call) => call.traits[trait]);
  const numbers = values.filter((value) => typeof value === 'number');
  if (values.length === 0) return undefined;
  const newest = values[values.length - 1];
  switch (rule) {
    case 'oldest':
      return values[0];
    case 'max':
      return numbers.length === 0 ? newest : Math.max(...numbers);
    case 'min':
      return numbers.length === 0 ? newest : Math.min(...numbers);
    case 'sum':
      return numbers.length === 0 ? newest : numbers.reduce((a, b) => a + b, 0);
    case 'union': {
      if (values.length === 1) return values[0];
      const all = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
      const texts = [...new Set(all.map((value) => JSON.stringify(value)))];
      return texts.map((text) => JSON.parse(text) as Json);
    }
    case 'most_frequent': {
      const counts = new Map<string, number>();
      let best = '';
      for (const call of having) {
        if (call.traits[trait] === null) continue;
        const key = JSON.stringify(call.traits[trait]);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      for (const call of having) {
        const key = JSON.stringify(call.traits[trait]);
        if (call.traits[trait] !== null && counts.get(key)! >= (counts.get(best) ?? 0)) best = key;
      }
      return JSON.parse(best) as Json;
    }
  }
}

/** Nested, as a lookup shows it. */
export function nested(leaves: Iterable<readonly [string, Json]>): { [key: string]: Json } {
  const root: { [key: string]: Json } = {};
  for (const [path, value] of leaves) {
    const names = path.split('.');
    let at = root;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as { [key: string]: Json };
    }
    at[names[names.length - 1]] = value;
  }
  return root;
}
