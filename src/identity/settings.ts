/**
 * Identity settings from untrusted JSON. What is given is laid over the defaults: a list replaces its list, `types` are laid over
 * each other one by one, and a type of one's own starts from the rule of `*`. The result read again gives the same result.
 *
 * Bounds: see the constants. A pattern that the linear engine cannot run is refused here, so that nothing later can fail or stall.
 */
import { EngineError } from '../model/error.ts';
import {
  type BlockedValue,
  DATE_ORDERS,
  type IdentitySettings,
  type LinkThresholds,
  STANDARD_RULES,
  SURVIVORSHIP_RULES,
  type TraitStandard,
  type TraitSurvivorship,
} from '../model/identity.ts';
import { compileLinearRegExp } from '../runtime/linear-regexp.ts';
import { DEFAULT_IDENTITY_SETTINGS } from './default-settings.ts';
import {
  field,
  readBoolean,
  readList,
  readObject,
  readShare,
  readText,
  readWord,
  refuse,
  refuseRepeated,
} from './json-reader.ts';
import { isPhoneCountry } from './phone-number.ts';
import { readTypes } from './type-settings.ts';

const KEYS: readonly (keyof IdentitySettings)[] = [
  'types',
  'blocked',
  'mailProviderRules',
  'defaultCountry',
  'survivorship',
  'standardise',
  'linkage',
];
const BLOCKED_COUNT_MAX = 1_000;
/** Each is put to every value that is not settled by its first bytes. */
const PATTERN_COUNT_MAX = 50;
const TEXT_LENGTH_MAX = 512;
const SAMPLE_ID = 'b7e61c2f-93d4-4a58-8c1e-5f02d9a4763b';
const TRAIT_COUNT_MAX = 1_000;
const SOURCE_COUNT_MAX = 100;

/** Errors: invalid_identity_settings. */
export function readIdentitySettings(json: unknown): IdentitySettings {
  const object = readObject(json, '', 'the identity settings', KEYS);
  const given = <Value>(
    key: keyof IdentitySettings,
    read: (json: unknown, at: string) => Value,
    otherwise: Value,
  ): Value => {
    const value = field(object, key);
    return value === undefined || value === null ? otherwise : read(value, `/${key}`);
  };
  const defaults = DEFAULT_IDENTITY_SETTINGS;
  return {
    types: readTypes(
      given('types', (value) => value, []),
      '/types',
      readBlocked,
    ),
    blocked: given('blocked', readBlocked, defaults.blocked),
    mailProviderRules: given(
      'mailProviderRules',
      (value, at) => readBoolean(value, at, 'mailProviderRules'),
      defaults.mailProviderRules,
    ),
    defaultCountry: given('defaultCountry', readCountry, defaults.defaultCountry),
    survivorship: given('survivorship', readSurvivorship, defaults.survivorship),
    standardise: given(
      'standardise',
      (value, at) => readList(value, at, 'standardise', TRAIT_COUNT_MAX, readStandard),
      defaults.standardise,
    ),
    linkage: given('linkage', readLinkage, defaults.linkage),
  };
}

function readBlocked(json: unknown, at: string): readonly BlockedValue[] {
  const values = readList(json, at, 'blocked', BLOCKED_COUNT_MAX, readBlockedValue);
  const patternCount = values.filter((value) => typeof value !== 'string').length;
  if (patternCount > PATTERN_COUNT_MAX) {
    refuse(at, `blocked has ${patternCount} patterns; ${PATTERN_COUNT_MAX} are allowed`);
  }
  return values;
}

function readBlockedValue(json: unknown, at: string): BlockedValue {
  if (typeof json === 'string') return readText(json, at, 'a blocked value', TEXT_LENGTH_MAX);
  const object = readObject(json, at, 'a blocked value', ['pattern']);
  const pattern = readText(field(object, 'pattern'), `${at}/pattern`, 'a pattern', TEXT_LENGTH_MAX);
  try {
    const expression = compileLinearRegExp(pattern);
    // A sample id stands for all: `a*` finds the empty text everywhere. Anchored, as in `^[0-]*$`, that does no harm.
    if (expression.test('') && expression.test(SAMPLE_ID)) refuse(`${at}/pattern`, 'the pattern blocks every value');
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'invalid_identity_settings') throw error;
    refuse(`${at}/pattern`, error.message, { ...error.details, path: `${at}/pattern` });
  }
  return { pattern };
}

function readCountry(json: unknown, at: string): string {
  const code = readText(json, at, 'defaultCountry', TEXT_LENGTH_MAX).toUpperCase();
  if (isPhoneCountry(code)) return code;
  const hint = code === 'UK' ? '; did you mean "GB"?' : '';
  return refuse(
    at,
    `defaultCountry must be a country in two letters, such as TR or DE, not ${JSON.stringify(code.slice(0, 60))}${hint}`,
  );
}

function readTrait(json: unknown, at: string): string {
  return readText(json, at, 'a trait path', TEXT_LENGTH_MAX);
}

function readSurvivorship(json: unknown, at: string): readonly TraitSurvivorship[] {
  const given = readList(json, at, 'survivorship', TRAIT_COUNT_MAX, (item, place): TraitSurvivorship => {
    const object = readObject(item, place, 'a survivorship rule', ['trait', 'rule', 'sources']);
    const trait = readTrait(field(object, 'trait'), `${place}/trait`);
    const rule = readWord(field(object, 'rule'), `${place}/rule`, 'a survivorship rule', SURVIVORSHIP_RULES);
    const sources = readList(
      field(object, 'sources') ?? [],
      `${place}/sources`,
      'sources',
      SOURCE_COUNT_MAX,
      (source, there) => readText(source, there, 'a source', TEXT_LENGTH_MAX),
    );
    const needsSources = rule === 'source_priority';
    if (needsSources !== sources.length > 0) {
      refuse(
        `${place}/sources`,
        needsSources ? 'source_priority needs sources, best first' : `sources are for source_priority, not for ${rule}`,
      );
    }
    return { trait, rule, sources };
  });
  const traits = given.map((one) => one.trait);
  refuseRepeated(traits, (index) => `${at}/${index}/trait`, 'the trait');
  return traits.includes('*') ? given : [...DEFAULT_IDENTITY_SETTINGS.survivorship, ...given];
}

function readStandard(json: unknown, at: string): TraitStandard {
  const object = readObject(json, at, 'a rule of standardise', ['trait', 'rule', 'order']);
  const trait = readTrait(field(object, 'trait'), `${at}/trait`);
  const rule = readWord(field(object, 'rule'), `${at}/rule`, 'a rule of standardise', STANDARD_RULES);
  const order = field(object, 'order');
  if (order === undefined || order === null) return { trait, rule };
  if (rule !== 'date') refuse(`${at}/order`, `order is for date, not for ${rule}`);
  return { trait, rule, order: readWord(order, `${at}/order`, 'the order of a date', DATE_ORDERS) };
}

function readLinkage(json: unknown, at: string): LinkThresholds {
  const object = readObject(json, at, 'linkage', ['isAutomatic', 'merge', 'review']);
  const defaults = DEFAULT_IDENTITY_SETTINGS.linkage;
  const isAutomatic = readBoolean(
    field(object, 'isAutomatic') ?? defaults.isAutomatic,
    `${at}/isAutomatic`,
    'isAutomatic',
  );
  const merge = readShare(field(object, 'merge') ?? defaults.merge, `${at}/merge`, 'merge');
  const review = readShare(field(object, 'review') ?? defaults.review, `${at}/review`, 'review');
  if (review > merge) refuse(`${at}/review`, `review (${review}) must not be above merge (${merge})`);
  return { isAutomatic, merge, review };
}
