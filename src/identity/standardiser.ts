/**
 * Cleansing of trait values before they are stored: pure functions of a value, chosen by the trait's path. Nothing is on unless
 * the settings say so. A value that a rule cannot read stays as it is; nothing is lost or guessed. Lists and objects are not
 * touched: their leaves have paths of their own.
 *
 * Each rule gives back its own result unchanged. A list of rules need not (`upper` makes SS of ß, and SS is a country code), so values
 * are standardised once, on their way in, and never again where they are stored.
 */

import { unreachable } from '../base/assert.ts';
import type { DateOrder, IdentitySettings, StandardRule, TraitStandard } from '../model/identity.ts';
import { BoundedCache } from './bounded-cache.ts';
import { countryCodeOf } from './country-code.ts';
import { isoDateOf } from './date-text.ts';
import { PhoneReader } from './phone-number.ts';
import { booleanOf, numberOf, titleCase } from './scalar-text.ts';

export type LeafValue = string | number | boolean | null;
/** To be looked up once a path and kept. */
export type LeafRule = (value: LeafValue) => LeafValue;

const PATH_CACHE_ENTRIES = 10_000;
const PHONE_CACHE_ENTRIES = 8_192;

export class Standardiser {
  readonly #standards: readonly {
    readonly rule: StandardRule;
    readonly fits: (path: string) => boolean;
    readonly apply: LeafRule;
  }[];
  readonly #rules = new BoundedCache<LeafRule>(PATH_CACHE_ENTRIES);

  constructor(settings: IdentitySettings) {
    const phones = new RememberedPhones(settings.defaultCountry);
    this.#standards = settings.standardise.map((standard) => ({
      rule: standard.rule,
      fits: pathTest(standard.trait),
      apply: leafRule(standard, phones),
    }));
  }

  /** True when no value is ever changed. */
  get isIdle(): boolean {
    return this.#standards.length === 0;
  }

  /** The same function as before, `keepAsItIs`, for every path without rules. */
  forPath(path: string): LeafRule {
    return this.#rules.get(path, () => {
      const rules = this.#standards.filter((standard) => standard.fits(path)).map((standard) => standard.apply);
      if (rules.length === 0) return keepAsItIs;
      return (value) => rules.reduce((current, rule) => rule(current), value);
    });
  }

  /** The rules by which `standardise` changes the value, one after another. */
  rulesThatChange(path: string, value: LeafValue): StandardRule[] {
    let current = value;
    const changing = this.#standards.filter(({ fits, apply }) => {
      const before = current;
      if (fits(path)) current = apply(before);
      return current !== before;
    });
    return changing.map(({ rule }) => rule);
  }

  standardise(path: string, value: LeafValue): LeafValue {
    return this.isIdle ? value : this.forPath(path)(value);
  }
}

export function keepAsItIs(value: LeafValue): LeafValue {
  return value;
}

function pathTest(trait: string): (path: string) => boolean {
  if (trait === '*') return () => true;
  if (!trait.endsWith('.*')) return (path) => path === trait;
  const start = trait.slice(0, -1);
  return (path) => path.startsWith(start);
}

function leafRule({ rule, order }: TraitStandard, phones: RememberedPhones): LeafRule {
  switch (rule) {
    case 'trim':
      return onText((text) => text.trim());
    case 'lower':
      return onText((text) => text.toLowerCase());
    case 'upper':
      return onText((text) => text.toUpperCase());
    case 'title':
      return onText(titleCase);
    case 'empty_to_null':
      return onText((text) => (text.trim() === '' ? null : text));
    case 'country_code':
      return onText((text) => countryCodeOf(text) ?? text);
    case 'number':
      return onText((text) => numberOf(text) ?? text);
    case 'boolean':
      return (value) => (typeof value === 'string' || typeof value === 'number' ? (booleanOf(value) ?? value) : value);
    case 'date':
      return (value) => dateOrSame(value, order);
    case 'phone':
      return onText((text) => phones.get(text));
    default:
      return unreachable(rule);
  }
}

class RememberedPhones {
  readonly #cache = new BoundedCache<string>(PHONE_CACHE_ENTRIES);
  readonly #read: (text: string) => string;

  constructor(defaultCountry: string | undefined) {
    const reader = new PhoneReader(defaultCountry);
    this.#read = (text) => {
      const reading = reader.read(text);
      return 'value' in reading ? reading.value : text;
    };
  }

  /** The number's normal form, or the text. */
  get(text: string): string {
    return this.#cache.get(text, this.#read);
  }
}

function onText(change: (text: string) => LeafValue): LeafRule {
  return (value) => (typeof value === 'string' ? change(value) : value);
}

function dateOrSame(value: LeafValue, order: DateOrder | undefined): LeafValue {
  return typeof value === 'string' || typeof value === 'number' ? (isoDateOf(value, order) ?? value) : value;
}
