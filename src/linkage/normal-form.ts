/**
 * One normal form for each kind of value, so that what differs only in spelling habits is the same text: case, diacritics, white
 * space, forms of dates, punctuation of telephone numbers and codes. Empty = missing. What is no date keeps its digits.
 */
import type { FieldKind } from './field-kind.ts';

/** Whether 03/04/2020 is the third of April or the fourth of March: a habit of the whole column. */
export type DateOrder = 'day-first' | 'month-first';

const PHONE_DIGITS_MAX = 10;
const NOT_ASCII = /\P{ASCII}/u;
const NOTHING = new Set(['', 'null', 'none', 'nan', 'n/a', 'na', '-', 'undefined']);
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

export function normalForm(kind: FieldKind, raw: string, order: DateOrder = 'day-first'): string {
  const text = plain(raw);
  if (NOTHING.has(text)) return '';
  switch (kind) {
    case 'date':
      return isoDate(text, order);
    case 'phone': {
      // Country and trunk prefixes come and go; the last ten digits are the subscriber.
      const digits = text.replace(/\D/g, '').replace(/^0+/, '');
      return digits.length > PHONE_DIGITS_MAX ? digits.slice(-PHONE_DIGITS_MAX) : digits;
    }
    case 'email':
      return text
        .replace(/^mailto:/, '')
        .replace(/\s/g, '')
        .replace(/^([^@]+?)\+[^@]*@/, '$1@');
    case 'code':
      return text.replace(/[^\p{L}\p{N}]/gu, '');
    case 'name':
    case 'text':
      return text
        .replace(/[.,;'’`"()]/g, '')
        .replace(/[-_/ ]+/g, ' ')
        .trim();
    case 'category':
      return text;
  }
}

/** Lower case, no diacritics, single blanks. */
function plain(raw: string): string {
  const text = raw.trim().toLowerCase();
  const ascii = NOT_ASCII.test(text) ? text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/ß/g, 'ss') : text;
  return ascii.replace(/\s+/g, ' ');
}

/** YYYY-MM-DD where the text can be read so, month and day unchecked (a typo may give a 13th month); else its digits. */
function isoDate(text: string, order: DateOrder): string {
  const iso = /^(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})(?!\d)/.exec(text);
  if (iso !== null) return joined(iso[1], iso[2], iso[3]);
  const numeric = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?!\d)/.exec(text);
  if (numeric !== null) {
    const isMonthFirst = (order === 'month-first' && Number(numeric[1]) <= 12) || Number(numeric[2]) > 12;
    return isMonthFirst
      ? joined(fullYear(numeric[3]), numeric[1], numeric[2])
      : joined(fullYear(numeric[3]), numeric[2], numeric[1]);
  }
  const named =
    /^(?:(\d{1,2})(?:st|nd|rd|th)?[ -]+)?([a-z]{3})[a-z]*\.?[ -]+(?:(\d{1,2})(?:st|nd|rd|th)?,?[ -]+)?(\d{4})/.exec(
      text,
    );
  const month = named === null ? -1 : MONTHS.indexOf(named[2]);
  if (named !== null && month >= 0) return joined(named[4], String(month + 1), named[1] ?? named[3] ?? '1');
  const digits = text.replace(/\D/g, '');
  return digits.length === 8 ? joined(digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)) : digits;
}

function joined(year: string, month: string, day: string): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** Two digits are of the hundred years up to 2029: birthdays lie behind us. */
function fullYear(year: string): string {
  if (year.length === 4) return year;
  return Number(year) < 30 ? `20${year}` : `19${year}`;
}

/** Month first when a value can be read no other way and none demands the opposite. */
export function dateOrderOf(samples: readonly string[]): DateOrder {
  let monthFirst = 0;
  let dayFirst = 0;
  for (const sample of samples) {
    const parts = /^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ]\d{2,4}/.exec(sample);
    if (parts === null) continue;
    if (Number(parts[2]) > 12) monthFirst++;
    if (Number(parts[1]) > 12) dayFirst++;
  }
  return monthFirst > dayFirst ? 'month-first' : 'day-first';
}
