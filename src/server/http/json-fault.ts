/**
 * Where a text stops being JSON. `JSON.parse` does not always say, and quotes the input when it does; this runs only
 * after it failed. One pass, no recursion: hostile depth costs a bit per level.
 */
export interface JsonFault {
  /** 0-based, in UTF-16 units; the text's length when it ends too early. */
  readonly position: number;
  readonly expected: string;
}

type Expectation = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close' | 'end';

const EXPECTED: Readonly<Record<Expectation, string>> = {
  value: 'a value',
  'value-or-close': 'a value or ]',
  key: 'a name in double quotes',
  'key-or-close': 'a name in double quotes or }',
  colon: 'a colon',
  'comma-or-close': 'a comma or the closing bracket',
  end: 'the end',
};
const STRING_GOES_ON = 'a valid character or the closing quote of a string';
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SPACE = /[ \t\n\r]*/y;

/** Undefined when the text is JSON. */
export function findJsonFault(text: string): JsonFault | undefined {
  const isObject: boolean[] = [];
  let expect: Expectation = 'value';
  let position = 0;
  for (;;) {
    position = endOf(SPACE, text, position) ?? position;
    if (position >= text.length)
      return expect === 'end' ? undefined : { position: text.length, expected: EXPECTED[expect] };
    const char = text[position];
    const inObject = isObject[isObject.length - 1] === true;
    if (
      char === (inObject ? '}' : ']') &&
      isObject.length > 0 &&
      (expect === 'comma-or-close' || expect === 'key-or-close' || expect === 'value-or-close')
    ) {
      isObject.pop();
      expect = isObject.length === 0 ? 'end' : 'comma-or-close';
      position += 1;
    } else if (expect === 'comma-or-close' && char === ',') {
      expect = inObject ? 'key' : 'value';
      position += 1;
    } else if (expect === 'colon' && char === ':') {
      expect = 'value';
      position += 1;
    } else if ((expect === 'key' || expect === 'key-or-close') && char === '"') {
      position = stringStop(text, position);
      if (text[position] !== '"') return { position, expected: STRING_GOES_ON };
      expect = 'colon';
      position += 1;
    } else if (expect === 'value' || expect === 'value-or-close') {
      if (char === '{' || char === '[') {
        isObject.push(char === '{');
        expect = char === '{' ? 'key-or-close' : 'value-or-close';
        position += 1;
        continue;
      }
      const end =
        char === '"'
          ? stringStop(text, position) + 1
          : (endOf(LITERAL, text, position) ?? endOf(NUMBER, text, position));
      if (end === undefined) return { position, expected: EXPECTED[expect] };
      if (char === '"' && text[end - 1] !== '"') return { position: end - 1, expected: STRING_GOES_ON };
      expect = isObject.length === 0 ? 'end' : 'comma-or-close';
      position = end;
    } else return { position, expected: EXPECTED[expect] };
  }
}

function endOf(pattern: RegExp, text: string, from: number): number | undefined {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/**
 * Where the string that opens at `from` stops: at its closing quote, or at the first character that no string may
 * hold.
 */
function stringStop(text: string, from: number): number {
  let position = from + 1;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === 0x22 || code < 0x20) return position;
    if (code !== 0x5c) position += 1;
    else {
      const end = endOf(ESCAPE, text, position);
      if (end === undefined) return position;
      position = end;
    }
  }
  return text.length;
}
