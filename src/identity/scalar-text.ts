/**
 * Numbers and truth values as people write them. Undefined stands for "cannot be read in one way only", and the value is left as
 * it is: `1,234` is a thousand in Boston and a bit more than one in Berlin.
 */

const NUMBER_LENGTH_MAX = 64;
const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const CURRENCY = /^([+-]?)\s*\p{Sc}\s*|\s*\p{Sc}$/gu;
const SPACES_IN_NUMBER = /(?<=\d)[\u0020\u00a0\u2009\u202f'’](?=\d{3}(?!\d))/g;
/** Groups of three parted by one mark, then perhaps a decimal mark of the other kind. */
const GROUPED_BY_COMMA = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;
const GROUPED_BY_DOT = /^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;

/** A phone number; as a number it would lose its sign. */
const INTERNATIONAL_PHONE = /^\+\d{7,15}$/;

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);

export function numberOf(raw: string): number | undefined {
  if (raw.length > NUMBER_LENGTH_MAX) return undefined;
  const text = raw.trim().replace(CURRENCY, '$1').replace(SPACES_IN_NUMBER, '');
  const plain = plainForm(text);
  if (plain === undefined) return undefined;
  const value = Number(plain);
  // A long run of digits is a number to nobody: a card, an account. As a float it would lose its last digits.
  const isExact = Number.isFinite(value) && (Math.abs(value) <= Number.MAX_SAFE_INTEGER || /[.e]/i.test(plain));
  return isExact ? (value === 0 ? 0 : value) : undefined;
}

function plainForm(text: string): string | undefined {
  if (INTERNATIONAL_PHONE.test(text)) return undefined;
  if (PLAIN.test(text)) return text;
  const commas = text.split(',').length - 1;
  const dots = text.split('.').length - 1;
  if (GROUPED_BY_COMMA.test(text) && commas + dots > 1) return text.replaceAll(',', '');
  if (GROUPED_BY_DOT.test(text) && commas + dots > 1) return text.replaceAll('.', '').replace(',', '.');
  const isDecimalComma = DECIMAL_COMMA.test(text) && !GROUPED_BY_COMMA.test(text);
  return isDecimalComma ? text.replace(',', '.') : undefined;
}

export function booleanOf(value: string | number): boolean | undefined {
  if (typeof value === 'number') return value === 1 ? true : value === 0 ? false : undefined;
  const word = value.length > 8 ? '' : value.trim().toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

/** First letter of each word upper, the others lower. An apostrophe starts a word after one letter (O'Neil), not later (John's). */
export function titleCase(text: string): string {
  return text.toLowerCase().replace(/(?<=^|[^\p{L}\p{M}\p{N}'’]|(?:^|[^\p{L}])\p{L}['’])\p{L}/gu, (letter) => {
    const upper = letter.toUpperCase();
    // ß, ﬁ and the like become two letters, which would not be given back the next time.
    return upper.length === letter.length ? upper : letter;
  });
}
