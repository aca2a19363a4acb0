/** The rules of identifier types from untrusted JSON, laid over the defaults type by type. Part of `settings.ts`. */
import {
  type BlockedValue,
  type ContextCondition,
  type ContextSource,
  type IdentifierLimit,
  type IdentifierRule,
  LIMIT_WINDOWS,
  NORMALISATIONS,
  OTHER_TYPES,
} from '../model/identity.ts';
import { DEFAULT_TYPES } from './default-settings.ts';
import {
  field,
  type JsonObject,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readWord,
  refuse,
  refuseRepeated,
  shown,
} from './json-reader.ts';

export type ReadBlocked = (json: unknown, at: string) => readonly BlockedValue[];

const KEYS: readonly (keyof IdentifierRule)[] = [
  'type',
  'limit',
  'priority',
  'canMerge',
  'blocked',
  'normalise',
  'traits',
  'context',
];
const TYPE_COUNT_MAX = 200;
const TYPE_LENGTH_MAX = 64;
const PATH_LENGTH_MAX = 512;
const PATH_COUNT_MAX = 20;
const LIMIT_MAX = 100_000;
const PRIORITY_MAX = 1_000_000;

/** All types, strongest first, ties in code unit order. Errors: invalid_identity_settings. */
export function readTypes(json: unknown, at: string, readBlocked: ReadBlocked): readonly IdentifierRule[] {
  const given = readList(json, at, 'types', TYPE_COUNT_MAX, (item, place) => {
    const object = readObject(item, place, 'an identifier type', KEYS);
    return { type: readType(field(object, 'type'), `${place}/type`), object, place };
  });
  refuseRepeated(
    given.map((one) => one.type),
    (index) => `${at}/${index}/type`,
    'the type',
  );
  const rules = new Map(DEFAULT_TYPES.map((rule) => [rule.type, rule]));
  const known = (type: string): IdentifierRule => rules.get(type) ?? { ...rules.get(OTHER_TYPES)!, type };
  // The rule of * first: types of one's own start from it.
  const inOrder = [...given].sort((a, b) => Number(b.type === OTHER_TYPES) - Number(a.type === OTHER_TYPES));
  for (const { type, object, place } of inOrder) rules.set(type, readRule(known(type), object, place, readBlocked));
  const all = [...rules.values()].sort((a, b) => a.priority - b.priority || (a.type < b.type ? -1 : 1));
  refuseSharedTraits(all, given);
  return all;
}

function readType(json: unknown, at: string): string {
  const type = readText(json, at, 'a type', TYPE_LENGTH_MAX);
  // Lookups write `type:value`.
  if (/[\s:\p{Cc}]/u.test(type)) refuse(at, `a type has no white space and no colon, as ${shown(type)} has`);
  return type;
}

function readRule(base: IdentifierRule, object: JsonObject, at: string, readBlocked: ReadBlocked): IdentifierRule {
  const given = <Value>(key: keyof IdentifierRule, read: (json: unknown, at: string) => Value): Value | undefined => {
    const value = field(object, key);
    return value === undefined || value === null ? undefined : read(value, `${at}/${key}`);
  };
  const traits = given('traits', (json, place) =>
    readList(json, place, 'traits', PATH_COUNT_MAX, (item, there) =>
      readText(item, there, 'a trait path', PATH_LENGTH_MAX),
    ),
  );
  const context = given('context', (json, place) =>
    readList(json, place, 'context', PATH_COUNT_MAX, readContextSource),
  );
  if (base.type === OTHER_TYPES && (traits?.length || context?.length)) {
    refuse(at, 'the rule of * has no traits and no context: they name one type');
  }
  return {
    type: base.type,
    limit: given('limit', (json, place) => readLimit(base.limit, json, place)) ?? base.limit,
    priority: given('priority', (json, place) => readInteger(json, place, 'priority', PRIORITY_MAX)) ?? base.priority,
    canMerge: given('canMerge', (json, place) => readBoolean(json, place, 'canMerge')) ?? base.canMerge,
    blocked: given('blocked', readBlocked) ?? base.blocked,
    normalise:
      given('normalise', (json, place) => readWord(json, place, 'normalise', NORMALISATIONS)) ?? base.normalise,
    traits: traits ?? base.traits,
    context: context ?? base.context,
  };
}

/** A bare number keeps the window. */
function readLimit(base: IdentifierLimit, json: unknown, at: string): IdentifierLimit {
  if (typeof json === 'number') return { value: readInteger(json, at, 'limit', LIMIT_MAX), window: base.window };
  const object = readObject(json, at, 'limit', ['value', 'window']);
  return {
    value: readInteger(field(object, 'value') ?? base.value, `${at}/value`, 'value', LIMIT_MAX),
    window: readWord(field(object, 'window') ?? base.window, `${at}/window`, 'window', LIMIT_WINDOWS),
  };
}

/** A bare text is a path without conditions. */
function readContextSource(json: unknown, at: string): ContextSource {
  if (typeof json === 'string') return { path: readContextPath(json, at), when: [] };
  const object = readObject(json, at, 'a context source', ['path', 'when']);
  return {
    path: readContextPath(field(object, 'path'), `${at}/path`),
    when: readList(field(object, 'when') ?? [], `${at}/when`, 'when', PATH_COUNT_MAX, readCondition),
  };
}

function readCondition(json: unknown, at: string): ContextCondition {
  const object = readObject(json, at, 'a condition', ['path', 'equals']);
  const path = readContextPath(field(object, 'path'), `${at}/path`);
  const equals = field(object, 'equals');
  if (typeof equals === 'boolean' || (typeof equals === 'number' && Number.isFinite(equals))) return { path, equals };
  return { path, equals: readText(equals, `${at}/equals`, 'equals', PATH_LENGTH_MAX) };
}

function readContextPath(json: unknown, at: string): string {
  const path = readText(json, at, 'a context path', PATH_LENGTH_MAX);
  if (!/^context\../s.test(path))
    refuse(at, `a context path starts with context., as in context.device.id; ${shown(path)} does not`);
  return path;
}

/** One trait cannot be two identifiers; the later of the given types is the one to mend. */
function refuseSharedTraits(
  rules: readonly IdentifierRule[],
  given: readonly { readonly type: string; readonly place: string }[],
): void {
  const owners = new Map<string, string>();
  for (const { type, traits } of rules) {
    for (const trait of traits) {
      const owner = owners.get(trait);
      if (owner !== undefined) {
        const place = given.findLast((one) => one.type === type || one.type === owner)?.place ?? '/types';
        refuse(`${place}/traits`, `the trait ${shown(trait)} carries ${owner} and ${type}; give it to one of them`);
      }
      owners.set(trait, type);
    }
  }
}
