/**
 * Whether a text fits anywhere, in time proportional to its length: all ways through the automaton are walked at once. A set of ways is a state, kept with
 * where each class of units leads, so most units cost one look into a table. What is kept is bounded; where it is full, the sets themselves
 * are walked, which costs some ten nanoseconds a way and unit.
 */
import {
  type Automaton,
  STEP_ACCEPT,
  STEP_BOUNDARY,
  STEP_END,
  STEP_FORK,
  STEP_INSIDE,
  STEP_START,
  STEP_UNIT,
} from './automaton.ts';

const UNKNOWN = 0;
const FITS = 1;
const FULL = 2;
const FIRST_STATE = 3;
/** Entries of the table, and steps in all sets together. */
const TABLE_SIZE_MAX = 1 << 18;
const HELD_COUNT_MAX = 1 << 18;

/** What stands before the place: nothing, a unit that is no part of a word, or one that is. */
type Before = 0 | 1 | 2;
const AT_START = 0;
const AFTER_OTHER = 1;
const AFTER_WORD = 2;

/** Ways at one place: steps that take a unit, or that assert something about the place. */
interface Ways {
  readonly steps: Int32Array;
  readonly before: Before;
}

export class RegexpMatcher {
  readonly #automaton: Automaton;
  readonly #stateCountMax: number;
  readonly #table: Int32Array[] = [];
  readonly #states: Ways[] = [];
  readonly #stateByKey = new Map<string, number>();
  #heldCount = 0;
  readonly #first: number;
  /** Work arrays: the steps met at this place, by the number of the place. */
  readonly #met: Uint32Array;
  readonly #stack: Int32Array;
  readonly #ways: Int32Array;
  readonly #asserts: boolean;
  #place = 0;
  #wayCount = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    const size = automaton.kinds.length;
    this.#stateCountMax = Math.floor(TABLE_SIZE_MAX / automaton.classCount);
    this.#met = new Uint32Array(size);
    this.#stack = new Int32Array(2 * size + 1);
    this.#ways = new Int32Array(size);
    this.#asserts = automaton.kinds.some((kind) => kind >= STEP_START);
    this.#begin();
    this.#first = this.#add(automaton.first) ? FITS : this.#keep(AT_START);
  }

  test(text: string): boolean {
    const { classes } = this.#automaton;
    let state = this.#first;
    if (state === FITS) return true;
    for (let i = 0; i < text.length; i++) {
      const unitClass = classes[text.charCodeAt(i)];
      let next = this.#table[state - FIRST_STATE][unitClass];
      if (next === UNKNOWN) next = this.#lead(state, unitClass);
      if (next === FITS) return true;
      if (next === FULL) return this.#walk(this.#states[state - FIRST_STATE], text, i);
      state = next;
    }
    return this.#ends(this.#states[state - FIRST_STATE]);
  }

  /** Where a state leads; FULL is not kept, since there is nowhere to keep more. */
  #lead(state: number, unitClass: number): number {
    const before = this.#step(this.#states[state - FIRST_STATE], unitClass);
    const next = before === undefined ? FITS : this.#keep(before);
    if (next !== FULL) this.#table[state - FIRST_STATE][unitClass] = next;
    return next;
  }

  /** The state of the ways at hand. */
  #keep(before: Before): number {
    const steps = this.#ways.slice(0, this.#wayCount).sort();
    const key = `${before} ${steps.join()}`;
    const known = this.#stateByKey.get(key);
    if (known !== undefined) return known;
    // The first one always has a place.
    const isFull = this.#states.length >= this.#stateCountMax || this.#heldCount + steps.length > HELD_COUNT_MAX;
    if (isFull && this.#states.length > 0) return FULL;
    const state = FIRST_STATE + this.#states.length;
    this.#states.push({ steps, before });
    this.#table.push(new Int32Array(this.#automaton.classCount));
    this.#stateByKey.set(key, state);
    this.#heldCount += steps.length;
    return state;
  }

  #walk(from: Ways, text: string, start: number): boolean {
    const { classes } = this.#automaton;
    let ways = from;
    for (let i = start; i < text.length; i++) {
      const before = this.#step(ways, classes[text.charCodeAt(i)]);
      if (before === undefined) return true;
      ways = { steps: this.#ways.slice(0, this.#wayCount), before };
    }
    return this.#ends(ways);
  }

  /** Leaves the ways behind one more unit; undefined: the text fits. */
  #step({ steps, before }: Ways, unitClass: number): Before | undefined {
    const { kinds, nexts, others, members, classCount, areWords, first } = this.#automaton;
    const isWord = areWords[unitClass] === 1;
    const open = this.#resolve(steps, before, false, isWord);
    if (open === undefined) return undefined;
    this.#begin();
    for (const step of open) {
      if (kinds[step] !== STEP_UNIT || members[others[step] * classCount + unitClass] === 0) continue;
      if (this.#add(nexts[step])) return undefined;
    }
    // A fit may begin anywhere.
    if (this.#add(first)) return undefined;
    return isWord ? AFTER_WORD : AFTER_OTHER;
  }

  #ends({ steps, before }: Ways): boolean {
    return this.#resolve(steps, before, true, false) === undefined;
  }

  /** The steps that are open once every assertion that holds here was passed; undefined: one led to the end. */
  #resolve(steps: Int32Array, before: Before, isEnd: boolean, isWordNext: boolean): Int32Array | undefined {
    const { kinds, nexts } = this.#automaton;
    if (!this.#asserts) return steps;
    this.#begin();
    for (const step of steps) if (this.#add(step)) return undefined;
    const isBoundary = (before === AFTER_WORD) !== isWordNext;
    for (let i = 0; i < this.#wayCount; i++) {
      const step = this.#ways[i];
      const kind = kinds[step];
      const holds =
        (kind === STEP_START && before === AT_START) ||
        (kind === STEP_END && isEnd) ||
        (kind === STEP_BOUNDARY && isBoundary) ||
        (kind === STEP_INSIDE && !isBoundary);
      if (holds && this.#add(nexts[step])) return undefined;
    }
    return this.#ways.slice(0, this.#wayCount);
  }

  #begin(): void {
    this.#place += 1;
    this.#wayCount = 0;
    if (this.#place === 0xffffffff) {
      this.#met.fill(0);
      this.#place = 1;
    }
  }

  /** Adds the step, or through forks those that it stands for; true: the end was among them. */
  #add(begin: number): boolean {
    const { kinds, nexts, others } = this.#automaton;
    const stack = this.#stack;
    let height = 0;
    stack[height++] = begin;
    while (height > 0) {
      const step = stack[--height];
      if (this.#met[step] === this.#place) continue;
      this.#met[step] = this.#place;
      const kind = kinds[step];
      if (kind === STEP_ACCEPT) return true;
      if (kind === STEP_FORK) {
        stack[height++] = others[step];
        stack[height++] = nexts[step];
      } else this.#ways[this.#wayCount++] = step;
    }
    return false;
  }
}
