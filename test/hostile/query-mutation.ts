/** Valid questions made invalid: garbage in each place of a request, and random changes of requests and texts. */

/** A number from 0 (inclusive) to 1. */
export type Random = () => number;

/** Mulberry32: the same numbers for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const GARBAGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  'x',
  '\ud800',
  '__proto__',
  'x'.repeat(100_000),
  '2024-02-30',
  '99999999999d',
  [],
  [[]],
  [null],
  {},
  { trait: 'x' },
  { where: 5 },
  JSON.parse('{"__proto__":{"and":[]}}'),
];

type Way = readonly (string | number)[];

/** Every place in a value, outermost first. */
function places(json: unknown, way: Way = []): readonly Way[] {
  if (typeof json !== 'object' || json === null) return [way];
  return [way, ...Object.entries(json).flatMap(([key, member]) => places(member, [...way, key]))];
}

/** A copy with the value at the place replaced; undefined takes the member away. */
function replaced(json: unknown, [key, ...rest]: Way, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(json))
    return json.map((each, i) => (String(i) === String(key) ? replaced(each, rest, value) : each));
  const entries = Object.entries(json as object).flatMap(([name, member]) => {
    const changed = name === key ? replaced(member, rest, value) : member;
    return changed === undefined ? [] : [[name, changed] as const];
  });
  return Object.fromEntries(entries);
}

function valueAt(json: unknown, way: Way): unknown {
  return way.reduce((value: unknown, key) => (value as Record<string, unknown>)[String(key)], json);
}

/** The request with each piece of garbage in each place, with each member missing and with one too many. */
export function* withGarbage(request: object): Iterable<unknown> {
  for (const way of places(request)) {
    for (const garbage of GARBAGE) yield replaced(request, way, garbage);
    if (way.length > 0) yield replaced(request, way, undefined);
    const value = valueAt(request, way);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield replaced(request, way, { ...value, superfluous: 1 });
  }
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)];
}

/** One to three changes: a part gone, doubled, taken from another request, or garbage. */
export function mutatedJson(request: object, others: readonly object[], random: Random): unknown {
  let mutated: unknown = request;
  for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
    const way = pick(places(mutated), random);
    const donor = pick(others, random);
    const choices = [undefined, pick(GARBAGE, random), valueAt(donor, pick(places(donor), random))];
    const value = pick(choices, random);
    const own = valueAt(mutated, way);
    mutated = replaced(mutated, way, Array.isArray(own) && random() < 0.5 ? [...own, ...own] : value) ?? {};
    if (typeof mutated !== 'object' || mutated === null) return mutated;
  }
  return mutated;
}

/** One to four changes: a piece gone, doubled, moved, exchanged for a piece of another text, or odd characters. */
export function mutatedText(text: string, others: readonly string[], random: Random): string {
  let mutated = text;
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const from = Math.floor(random() * mutated.length);
    const to = Math.min(mutated.length, from + 1 + Math.floor(random() * 12));
    const donor = pick(others, random);
    const start = Math.floor(random() * donor.length);
    const pieces = ['', mutated.slice(from, to).repeat(2), donor.slice(start, start + 12), pick(ODD_PIECES, random)];
    mutated = mutated.slice(0, from) + pick(pieces, random) + mutated.slice(to);
  }
  return mutated;
}

const ODD_PIECES = [
  '"',
  "'",
  '`',
  '(',
  ')',
  '\\',
  '\u0000',
  '\ud800',
  '😀',
  '1e999',
  '-',
  '30d',
  ' not ',
  ' and ',
  '{',
  '--',
  '/*',
  '"\\u12',
];
