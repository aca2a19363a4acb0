/**
 * Integers of JSON that `JSON.parse` would change without a word: past 2^53 it takes the nearest double, which makes one
 * order or customer another. They become bigints here, and whoever reads on refuses them. An integer that comes back as it was
 * written (each one that JavaScript itself writes) stays a number.
 */

/** Fewer digits fit a double exactly. */
const LONG_DIGIT_COUNT = 16;
/** Worth a closer look, where there is a text and no bytes. */
export const LONG_DIGITS = /\d{16}/;
const LONG_INTEGER = /^-?\d{16,}$/;
/** What stands for an integer that is not kept: wide for every reader, whatever the text said. */
const WIDE_INTEGER = 2n ** 62n;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/** Whether 16 digits follow each other anywhere: each such run covers a place that ends a 16th byte, so few bytes are looked at. */
export function hasLongDigits(bytes: Uint8Array): boolean {
  for (let at = LONG_DIGIT_COUNT - 1; at < bytes.length; at += LONG_DIGIT_COUNT) {
    if (!isDigit(bytes[at])) continue;
    let start = at;
    while (start > 0 && isDigit(bytes[start - 1])) start--;
    let end = at + 1;
    while (end < bytes.length && isDigit(bytes[end])) end++;
    if (end - start >= LONG_DIGIT_COUNT) return true;
  }
  return false;
}

/** The value of a text that is JSON, with bigints where an integer would be rounded; undefined when there is no such integer. */
export function parseWithWideIntegers(json: string): unknown {
  const spans = roundedIntegers(json);
  if (spans.length === 0) return undefined;
  const taken = new Set(json.match(/#\d+/g));
  let mark = 0;
  while (taken.has(`#${mark}`)) mark++;
  const parts: string[] = [];
  let position = 0;
  for (const [start, end] of spans) {
    parts.push(json.slice(position, start), `"#${mark}"`);
    position = end;
  }
  parts.push(json.slice(position));
  return widen(JSON.parse(parts.join('')), `#${mark}`);
}

function roundedIntegers(json: string): (readonly [start: number, end: number])[] {
  const spans: (readonly [start: number, end: number])[] = [];
  for (let at = 0; at < json.length; ) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = afterString(json, at);
    else if (code !== MINUS && !isDigit(code)) at++;
    else {
      const start = at++;
      while (at < json.length && isOfNumber(json.charCodeAt(at))) at++;
      if (at - start < LONG_DIGIT_COUNT) continue;
      const text = json.slice(start, at);
      if (LONG_INTEGER.test(text) && !isKept(text)) spans.push([start, at]);
    }
  }
  return spans;
}

/** As JavaScript writes it (shortest), or as others do (all digits): 2^64 is 18446744073709552000 and 18446744073709551616. */
function isKept(integer: string): boolean {
  const value = Number(integer);
  return String(value) === integer || (Number.isFinite(value) && String(BigInt(value)) === integer);
}

function afterString(json: string, start: number): number {
  let at = start + 1;
  for (let code = json.charCodeAt(at); code !== QUOTE && at < json.length; code = json.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1;
  }
  return at + 1;
}

/** No recursion: JSON may be as deep as it is long. */
function widen(root: unknown, mark: string): unknown {
  const holder = [root];
  const open: object[] = [holder];
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    for (const key of Object.keys(object)) {
      const value: unknown = Reflect.get(object, key);
      if (value === mark) Reflect.set(object, key, WIDE_INTEGER);
      else if (typeof value === 'object' && value !== null) open.push(value);
    }
  }
  return holder[0];
}

function isOfNumber(code: number): boolean {
  return isDigit(code) || code === MINUS || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
