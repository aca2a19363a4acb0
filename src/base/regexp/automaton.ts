/**
 * A tree as an automaton: steps that consume one unit of a known set, forks, and assertions. Units that no set tells apart are one class, so a
 * walk looks a unit's class up and never at ranges.
 */
import { type RegexpNode, type UnitRanges, WORD_UNITS } from './syntax.ts';

export const STEP_UNIT = 0;
export const STEP_FORK = 1;
export const STEP_ACCEPT = 2;
export const STEP_START = 3;
export const STEP_END = 4;
export const STEP_BOUNDARY = 5;
export const STEP_INSIDE = 6;

const ASSERTIONS = { start: STEP_START, end: STEP_END, boundary: STEP_BOUNDARY, inside: STEP_INSIDE } as const;
const UNIT_COUNT = 0x10000;
/** A pattern that is written out has fewer; past it each unit of a text may cost some 50 microseconds. */
const STEP_COUNT_MAX = 2_048;

export interface Automaton {
  readonly kinds: Uint8Array;
  readonly nexts: Int32Array;
  /** Of a fork the other way; of a unit step its set. */
  readonly others: Int32Array;
  readonly first: number;
  /** By unit. */
  readonly classes: Uint16Array;
  readonly classCount: number;
  /** 1 at `set * classCount + class` where the set holds the class's units. */
  readonly members: Uint8Array;
  /** By class; all 0 where nothing asks. */
  readonly areWords: Uint8Array;
}

interface Builder {
  readonly kinds: number[];
  readonly nexts: number[];
  readonly others: number[];
  readonly sets: UnitRanges[];
  readonly setByKey: Map<string, number>;
}

/** Errors: RangeError for a tree that repeats its parts too often. */
export function buildAutomaton(tree: RegexpNode): Automaton {
  const builder: Builder = { kinds: [], nexts: [], others: [], sets: [], setByKey: new Map() };
  const first = addNode(builder, tree, addStep(builder, STEP_ACCEPT, -1, -1));
  const asksForWords = builder.kinds.some((kind) => kind === STEP_BOUNDARY || kind === STEP_INSIDE);
  return {
    kinds: Uint8Array.from(builder.kinds),
    nexts: Int32Array.from(builder.nexts),
    others: Int32Array.from(builder.others),
    first,
    ...classify(builder.sets, asksForWords),
  };
}

function addStep({ kinds, nexts, others }: Builder, kind: number, next: number, other: number): number {
  if (kinds.length === STEP_COUNT_MAX) throw new RangeError('too many steps');
  kinds.push(kind);
  nexts.push(next);
  others.push(other);
  return kinds.length - 1;
}

/** Built from behind: gives the step at which the node begins, given the one that follows it. */
function addNode(builder: Builder, node: RegexpNode, next: number): number {
  switch (node.kind) {
    case 'unit':
      return addStep(builder, STEP_UNIT, next, setOf(builder, node.ranges));
    case 'sequence':
      return node.items.reduceRight((follower, item) => addNode(builder, item, follower), next);
    case 'choice': {
      const ways = node.items.map((item) => addNode(builder, item, next));
      return ways.reduceRight((other, way) => addStep(builder, STEP_FORK, way, other));
    }
    case 'repeat':
      return addRepeat(builder, node, next);
    default:
      return addStep(builder, ASSERTIONS[node.kind], next, -1);
  }
}

function addRepeat(
  builder: Builder,
  { item, min, max }: Extract<RegexpNode, { kind: 'repeat' }>,
  next: number,
): number {
  let begin = next;
  let copies = min;
  if (max === Number.POSITIVE_INFINITY) {
    const again = addStep(builder, STEP_FORK, -1, next);
    const loop = addNode(builder, item, again);
    builder.nexts[again] = loop;
    // `a+` is one copy and a way back, so that `((a+)+)+` does not double with each level.
    begin = min === 0 ? again : loop;
    copies = Math.max(0, min - 1);
  } else {
    for (let i = min; i < max; i++) begin = addStep(builder, STEP_FORK, addNode(builder, item, begin), next);
  }
  for (let i = 0; i < copies; i++) begin = addNode(builder, item, begin);
  return begin;
}

function setOf({ sets, setByKey }: Builder, ranges: UnitRanges): number {
  const key = ranges.join();
  const known = setByKey.get(key);
  if (known !== undefined) return known;
  setByKey.set(key, sets.length);
  return sets.push(ranges) - 1;
}

/** Between two neighbouring ends of ranges all units are in the same sets; stretches that are in the same sets are one class. */
function classify(
  sets: readonly UnitRanges[],
  asksForWords: boolean,
): Pick<Automaton, 'classes' | 'classCount' | 'members' | 'areWords'> {
  const asked = asksForWords ? [...sets, WORD_UNITS] : sets;
  const cuts = new Set([0]);
  for (const ranges of asked) {
    for (let i = 0; i < ranges.length; i += 2) cuts.add(ranges[i]).add(ranges[i + 1] + 1);
  }
  const starts = [...cuts].filter((cut) => cut < UNIT_COUNT).sort((a, b) => a - b);
  const holders = starts.map((): number[] => []);
  const indexOf = new Map(starts.map((start, index) => [start, index]));
  asked.forEach((ranges, set) => {
    for (let i = 0; i < ranges.length; i += 2) {
      const end = indexOf.get(ranges[i + 1] + 1) ?? starts.length;
      for (let s = indexOf.get(ranges[i])!; s < end; s++) holders[s].push(set);
    }
  });
  const classes = new Uint16Array(UNIT_COUNT);
  const known = new Map<string, number>();
  const found: (readonly number[])[] = [];
  starts.forEach((start, s) => {
    const key = holders[s].join();
    const index = known.get(key) ?? found.push(holders[s]) - 1;
    known.set(key, index);
    classes.fill(index, start, starts[s + 1] ?? UNIT_COUNT);
  });
  const classCount = found.length;
  const members = new Uint8Array(asked.length * classCount);
  found.forEach((held, index) => {
    for (const set of held) members[set * classCount + index] = 1;
  });
  const areWords = asksForWords ? members.slice(sets.length * classCount) : new Uint8Array(classCount);
  return { classes, classCount, members, areWords };
}
