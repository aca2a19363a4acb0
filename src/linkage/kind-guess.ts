/**
 * The kind of a field from its values, with its name as a hint only where values leave it open. Used for traits and for columns of
 * a CSV file whose meaning nobody declared.
 */
import type { FieldKind } from './field-kind.ts';
import { normalForm } from './normal-form.ts';

const MOSTLY = 0.8;
/** Below this many different values in a large field it is a category, where nothing says otherwise. */
const CATEGORY_DISTINCT_MAX = 40;
const CATEGORY_REPEATS_MIN = 10;

const HINTS: readonly (readonly [RegExp, FieldKind])[] = [
  [/e?.?mail/, 'email'],
  [/phone|mobile|cell|fax|msisdn|(^|[_ .])tel/, 'phone'],
  [/birth|(^|[_ .])(dob|bday)|(^|[_ .])date([_ .]|$)/, 'date'],
  [
    /(^|[_ .])(gender|sex|title|salutation|country|state|region|province|language|locale|plan|currency)([_ .]|$)/,
    'category',
  ],
  [/post.?code|zip|(^|[_ .])(ssn|sin|nhs|vat|iban|passport|licen[cs]e)|(^|[_ .])id$|number|(^|[_ .])no$|code$/, 'code'],
  [/street|address|road|line/, 'text'],
  [/name|surname|given|family|city|town|suburb|company|employer|place|maiden/, 'name'],
];

export interface FieldSketch {
  readonly name: string;
  /** Values of records spread over the table, as they came, missing ones left out: what is common is often among them, and typos rarely. */
  readonly sample: readonly string[];
  /** Different values in all. */
  readonly distinctCount: number;
  /** Records with a value. */
  readonly presentCount: number;
}

/** Undefined: the field tells nobody apart or says nothing about people (all missing, one value, every value different and unhinted). */
export function guessKind({ name, sample: raw, distinctCount, presentCount }: FieldSketch): FieldKind | undefined {
  if (distinctCount < 2 || raw.length === 0) return undefined;
  const sample = raw.map((value) => value.trim().toLowerCase());
  const share = (isIt: (value: string) => boolean): number => sample.filter(isIt).length / sample.length;
  const hint = HINTS.find(([pattern]) => pattern.test(snake(name)))?.[1];
  if (share((value) => /^[^@\s]+@[^@\s]+$/.test(value)) >= MOSTLY) return 'email';
  if (hint !== 'code' && hint !== 'phone' && share(isDateLike) >= (hint === 'date' ? 0.5 : MOSTLY)) return 'date';
  const isDigits = share((value) => /^[\d\s()+./-]+$/.test(value)) >= MOSTLY;
  const isCoded = isDigits || share((value) => /\d/.test(value) && !/\p{L}{4}/u.test(value)) >= MOSTLY;
  if (hint === 'phone' && isDigits) return 'phone';
  if (isDigits && share((value) => /^\+|^0\d{8}|^\(\d/.test(value)) >= MOSTLY) return 'phone';
  if (isCoded) return 'code';
  const isFew = distinctCount <= CATEGORY_DISTINCT_MAX && presentCount / distinctCount >= CATEGORY_REPEATS_MIN;
  if (hint === 'category' || (isFew && hint !== 'name')) return 'category';
  if (hint === 'text' || share((value) => /\s/.test(value)) >= 0.5) return 'text';
  return hint === 'code' ? 'code' : 'name';
}

function snake(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

function isDateLike(value: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(normalForm('date', value));
  if (parts === null) return false;
  const [year, month, day] = parts.slice(1).map(Number);
  return year >= 1850 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}
