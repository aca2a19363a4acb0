/**
 * JavaScript's regular expressions without flags, as a tree. The pattern was accepted by the engine that also knows what must be refused (groups
 * looked back at, look-around), so nothing is checked here: what is left is read as the language's old rules have it (a brace that
 * counts nothing is a brace, `\8` an eight). Groups catch nothing: only whether a text fits is ever asked.
 */

/** UTF-16 units, as ranges in order that neither meet nor overlap: [first, last, first, last, …]. */
export type UnitRanges = readonly number[];

export type RegexpNode =
  | { readonly kind: 'unit'; readonly ranges: UnitRanges }
  | { readonly kind: 'sequence' | 'choice'; readonly items: readonly RegexpNode[] }
  | { readonly kind: 'repeat'; readonly item: RegexpNode; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' | 'boundary' | 'inside' };

const UNIT_MAX = 0xffff;
const DIGITS: UnitRanges = [0x30, 0x39];
export const WORD_UNITS: UnitRanges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const SPACES: UnitRanges = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f,
  0x3000, 0x3000, 0xfeff, 0xfeff,
];
const LINE_ENDS: UnitRanges = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029];
const SETS: Readonly<Record<string, UnitRanges>> = {
  d: DIGITS,
  D: inverse(DIGITS),
  w: WORD_UNITS,
  W: inverse(WORD_UNITS),
  s: SPACES,
  S: inverse(SPACES),
};
const CONTROLS: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d };
const COUNTS = /\{(\d+)(?:(,)(\d*))?\}/y;
const OCTAL = /[0-3][0-7]{0,2}|[4-7][0-7]?/y;
const HEX = { x: /[0-9a-fA-F]{2}/y, u: /[0-9a-fA-F]{4}/y } as const;
const GROUP_BEGIN = /\(\?(?::|<[^>]*>)|\(/y;

export function parseRegexp(pattern: string): RegexpNode {
  return new RegexpReader(pattern).choice();
}

class RegexpReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  choice(): RegexpNode {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    return items.length === 1 ? items[0] : { kind: 'choice', items };
  }

  #sequence(): RegexpNode {
    const items: RegexpNode[] = [];
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at])) items.push(this.#repeated());
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  #repeated(): RegexpNode {
    const item = this.#atom();
    const bounds = this.#bounds();
    if (bounds === undefined) return item;
    // As few as possible or as many: the same texts fit.
    this.#take('?');
    return { kind: 'repeat', item, ...bounds };
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    const found = this.#match(COUNTS);
    if (found === null) return undefined;
    const min = Number(found[1]);
    if (found[2] === undefined) return { min, max: min };
    return { min, max: found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]) };
  }

  #atom(): RegexpNode {
    if (this.#match(GROUP_BEGIN) !== null) {
      const inner = this.choice();
      this.#take(')');
      return inner;
    }
    if (this.#take('^')) return { kind: 'start' };
    if (this.#take('$')) return { kind: 'end' };
    if (this.#take('.')) return { kind: 'unit', ranges: inverse(LINE_ENDS) };
    if (this.#take('[')) return { kind: 'unit', ranges: this.#class() };
    if (this.#take('\\b')) return { kind: 'boundary' };
    if (this.#take('\\B')) return { kind: 'inside' };
    return { kind: 'unit', ranges: this.#units(false) };
  }

  #class(): UnitRanges {
    const isInverse = this.#take('^');
    const ranges: number[] = [];
    while (this.#at < this.#pattern.length && !this.#take(']')) {
      const first = this.#units(true);
      const isRange = this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']';
      if (!isRange) {
        ranges.push(...first);
        continue;
      }
      this.#at += 1;
      const last = this.#units(true);
      if (isSingle(first) && isSingle(last)) ranges.push(first[0], last[0]);
      // `[\w-a]`: a set cannot begin or end a range, so the dash is one.
      else ranges.push(...first, 0x2d, 0x2d, ...last);
    }
    const whole = ordered(ranges);
    return isInverse ? inverse(whole) : whole;
  }

  /** One unit, or the set that an escape stands for. */
  #units(isInClass: boolean): UnitRanges {
    if (!this.#take('\\')) return single(this.#pattern.charCodeAt(this.#at++));
    const letter = this.#pattern[this.#at];
    const set = SETS[letter];
    const control = CONTROLS[letter];
    if (set !== undefined || control !== undefined) {
      this.#at += 1;
      return set ?? single(control);
    }
    if (isInClass && this.#take('b')) return single(0x08);
    if (letter === 'c') {
      const next = this.#pattern[this.#at + 1] ?? '';
      if (!(isInClass ? /^\w$/ : /^[A-Za-z]$/).test(next)) return single(0x5c);
      this.#at += 2;
      return single(next.charCodeAt(0) % 32);
    }
    const octal = this.#match(OCTAL);
    if (octal !== null) return single(Number.parseInt(octal[0], 8));
    this.#at += 1;
    if (letter === 'x' || letter === 'u') {
      const digits = this.#match(HEX[letter]);
      if (digits !== null) return single(Number.parseInt(digits[0], 16));
    }
    return single(letter.charCodeAt(0));
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#pattern);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
}

function single(unit: number): UnitRanges {
  return [unit, unit];
}

function isSingle(ranges: UnitRanges): boolean {
  return ranges.length === 2 && ranges[0] === ranges[1];
}

function ordered(ranges: readonly number[]): UnitRanges {
  const pairs = Array.from({ length: ranges.length / 2 }, (_, i) => [ranges[2 * i], ranges[2 * i + 1]] as const);
  const joined: number[] = [];
  for (const [first, last] of pairs.sort((a, b) => a[0] - b[0])) {
    const end = joined.length - 1;
    if (end > 0 && first <= joined[end] + 1) joined[end] = Math.max(joined[end], last);
    else joined.push(first, last);
  }
  return joined;
}

function inverse(ranges: UnitRanges): UnitRanges {
  const others: number[] = [];
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i] > next) others.push(next, ranges[i] - 1);
    next = ranges[i + 1] + 1;
  }
  if (next <= UNIT_MAX) others.push(next, UNIT_MAX);
  return others;
}
