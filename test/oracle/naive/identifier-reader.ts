/** Every identifier that an item brings, in normal form: strongest first, an alias's new and old ids in front. */
import type { Identifier } from '../../../src/model/profile.ts';
import type { NaiveRules } from './identity-rules.ts';
import { isJsonObject, type JsonObject, type JsonValue, ownValue } from './json-value.ts';

export interface Brought extends Identifier {
  /** It is what stood in `userId`. */
  readonly isUser: boolean;
  /** Its normal form is another text than what was sent. */
  readonly isRespelt: boolean;
}

export interface BroughtIdentifiers {
  readonly identifiers: readonly Brought[];
  /** Some value was blocked. */
  readonly hasBlocked: boolean;
}

const SIZE_MAX_BYTES = 512;
const EXTERNAL_COUNT_MAX = 50;
/** Only types that look like names; a user_id or anonymous_id has its own field. */
const EXTERNAL_TYPE = /^[a-z][a-z0-9_.]{0,63}$/;

interface Said extends Identifier {
  readonly isUser?: boolean;
}

export function readIdentifiers(source: JsonObject, kind: string, rules: NaiveRules): BroughtIdentifiers {
  const said = [...ownIds(source, kind), ...leafIds(source, kind, rules), ...externalIds(source)];
  const identifiers: Brought[] = [];
  let hasBlocked = false;
  for (const { type, value: raw, isUser = false } of said) {
    const normal = rules.normaliser.normalise(type, raw);
    if ('refusal' in normal) {
      hasBlocked ||= normal.refusal === 'blocked';
      continue;
    }
    const { value } = normal;
    if (Buffer.byteLength(value) > SIZE_MAX_BYTES) continue;
    if (identifiers.some((other) => other.type === type && other.value === value)) continue;
    identifiers.push({ type, value, isUser, isRespelt: value !== raw });
  }
  return { identifiers: kind === 'alias' ? identifiers : rules.byStrength(identifiers), hasBlocked };
}

/** The old id of an alias may be a user's or a visitor's, and is taken for both. */
function ownIds(source: JsonObject, kind: string): readonly Said[] {
  const of = (key: string, type: string, isUser = false): readonly Said[] => {
    const value = ownValue(source, key);
    return typeof value === 'string' && value !== '' ? [{ type, value, isUser }] : [];
  };
  const user = of('userId', 'user_id', true);
  if (kind !== 'alias') return [...user, ...of('anonymousId', 'anonymous_id')];
  return [...user, ...of('previousId', 'user_id'), ...of('previousId', 'anonymous_id')];
}

/** In the order of the document. */
function leafIds(source: JsonObject, kind: string, rules: NaiveRules): readonly Said[] {
  return Object.entries(source).flatMap(([key, part]) => {
    if (key === 'traits' && kind !== 'group')
      return leaves(part, []).flatMap((leaf) => ofTrait(leaf.path, leaf, rules));
    if (key !== 'context') return [];
    return leaves(part, []).flatMap((leaf) => [
      ...(leaf.path.startsWith('traits.') ? ofTrait(leaf.path.slice('traits.'.length), leaf, rules) : []),
      ...ofContext(leaf, part, rules),
    ]);
  });
}

interface Leaf {
  /** Keys with dots between. */
  readonly path: string;
  readonly value: JsonValue;
}

function leaves(value: JsonValue, keys: readonly string[]): readonly Leaf[] {
  if (!isJsonObject(value)) return [{ path: keys.join('.'), value }];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, [...keys, key]));
}

function textOf({ value }: Leaf): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && Buffer.byteLength(value) <= SIZE_MAX_BYTES ? value : undefined;
}

function ofTrait(path: string, leaf: Leaf, rules: NaiveRules): readonly Said[] {
  const [type, value] = [rules.typeOfTrait(path), textOf(leaf)];
  return type === undefined || value === undefined ? [] : [{ type, value }];
}

function ofContext(leaf: Leaf, context: JsonValue, rules: NaiveRules): readonly Said[] {
  const value = textOf(leaf);
  if (value === undefined) return [];
  const all = new Map(leaves(context, []).map((each) => [`context.${each.path}`, each.value]));
  const carried = rules
    .typesOfContext(`context.${leaf.path}`)
    .find(({ when }) => when.every(({ path, equals }) => folded(all.get(path)) === folded(equals)));
  return carried === undefined ? [] : [{ type: carried.type, value }];
}

function folded(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function externalIds(source: JsonObject): readonly Said[] {
  const context = ownValue(source, 'context');
  const list = isJsonObject(context) ? ownValue(context, 'externalIds') : undefined;
  if (!Array.isArray(list)) return [];
  return list
    .slice(0, EXTERNAL_COUNT_MAX)
    .filter(isJsonObject)
    .flatMap((entry) => {
      const [type, id] = [ownValue(entry, 'type'), ownValue(entry, 'id')];
      if (typeof type !== 'string' || !EXTERNAL_TYPE.test(type)) return [];
      if (type === 'user_id' || type === 'anonymous_id') return [];
      const value = typeof id === 'number' ? String(id) : id;
      return typeof value === 'string' && value !== '' ? [{ type, value }] : [];
    });
}
