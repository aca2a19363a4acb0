/**
 * From untrusted JSON to the AST: everything that can be known without a schema is checked here, once, so that nothing
 * behind it checks again. What comes back is built anew, with known keys only, and in normal form:
 * `and`/`or` of one entry is that entry, an empty `where` is left out, −0 is 0, a sequence of one plain step is an event
 * condition. `{"and":[]}` (everyone) and `{"or":[]}` (no one) are kept; nested lists are not flattened.
 *
 * Recursion is bounded by `limits.depth`; work by `limits.nodeCount` and the size of the JSON.
 */
import { nearestWord } from '../../base/nearest-word.ts';
import { type Collection, type Expression, MATCHES, type RandomLeaf, type TraitLeaf } from '../../model/expression.ts';
import { DEFAULT_QUERY_LIMITS, type QueryLimits } from '../../model/limits.ts';
import { checkCondition } from './check-condition.ts';
import { checkEventLeaf, checkSequenceLeaf } from './check-event.ts';
import {
  below,
  checkKeys,
  checkObject,
  checkText,
  checkWord,
  field,
  JsonCheck,
  type JsonObject,
  kindOf,
  refuse,
} from './json-check.ts';
import { quoted, suggestionText } from './suggestion.ts';

const KINDS = ['and', 'or', 'not', 'trait', 'event', 'sequence', 'segment', 'random', 'account', 'people'] as const;
/** Whose conditions a kind is among; absent = of both. */
const OWNER: Readonly<Partial<Record<(typeof KINDS)[number], Collection>>> = {
  event: 'people',
  sequence: 'people',
  segment: 'people',
  account: 'people',
  people: 'accounts',
};

/**
 * Errors: query_invalid, query_type, query_too_large; `details.path` is the JSON pointer of the mistake, after `at`,
 * and `details.suggestion` the word that was probably meant.
 */
export function checkExpression(
  json: unknown,
  limits: QueryLimits = DEFAULT_QUERY_LIMITS,
  at = '',
  of: Collection = 'people',
): Expression {
  return checkNode(new JsonCheck(limits), json, at, { of, depth: 1 });
}

interface Place {
  /** What the condition is about. */
  readonly of: Collection;
  readonly depth: number;
}

function checkNode(check: JsonCheck, json: unknown, at: string, place: Place): Expression {
  const { of, depth } = place;
  if (depth > check.limits.depth) {
    refuse('query_too_large', at, `conditions are nested more than ${check.limits.depth} deep`);
  }
  check.countNode(at);
  const object = checkObject(json, at, 'a condition');
  const kind = kindOfNode(object, at);
  assertOwner(kind, of, below(at, kind));
  switch (kind) {
    case 'and':
    case 'or': {
      checkKeys(object, [kind], at, `an ${quoted(kind)}`);
      const items = checkList(check, object[kind], below(at, kind), place, kind);
      if (items.length === 1) return items[0];
      return kind === 'and' ? { and: items } : { or: items };
    }
    case 'not':
      checkKeys(object, ['not'], at, 'a "not"');
      return { not: checkNode(check, object['not'], below(at, 'not'), { of, depth: depth + 1 }) };
    case 'trait':
      return checkTraitLeaf(check, object, at);
    case 'event':
      return checkEventLeaf(check, object, at);
    case 'sequence':
      return checkSequenceLeaf(check, object, at);
    case 'segment':
      checkKeys(object, ['segment'], at, 'a segment condition');
      return { segment: checkText(object['segment'], below(at, 'segment'), 'the segment') };
    case 'random':
      return checkRandomLeaf(object, at);
    case 'account':
    case 'people': {
      checkKeys(object, [kind, 'match'], at, kind === 'account' ? 'an account condition' : 'a condition on people');
      const inner = { of: kind === 'account' ? 'accounts' : 'people', depth: depth + 1 } as const;
      const expression = checkNode(check, object[kind], below(at, kind), inner);
      const json = field(object, 'match') ?? 'any';
      const match = checkWord(json, MATCHES, below(at, 'match'), '"match"');
      const rest = match === 'any' ? {} : { match };
      return kind === 'account' ? { account: expression, ...rest } : { people: expression, ...rest };
    }
  }
}

function assertOwner(kind: (typeof KINDS)[number], of: Collection, at: string): void {
  const owner = OWNER[kind];
  if (owner === undefined || owner === of) return;
  const message =
    of === 'people'
      ? '"people" asks about the people of an account, and this condition is about a person; write {"account":{"people":…}}'
      : `an account has no ${quoted(kind)} of its own; ask about its people: {"people":{${quoted(kind)}:…}}`;
  refuse('query_invalid', at, message);
}

function kindOfNode(object: JsonObject, at: string): (typeof KINDS)[number] {
  const kind = KINDS.find((candidate) => field(object, candidate) !== undefined);
  if (kind !== undefined) return kind;
  const [key] = Object.keys(object);
  if (key === undefined) refuse('query_invalid', at, `a condition must not be empty; use {"and":[]} for everyone`);
  if (key === 'property')
    refuse('query_invalid', below(at, key), '"property" belongs inside the "where" of an event condition');
  const suggestion = nearestWord(key, KINDS);
  const hint = suggestionText(suggestion) || `; it begins with one of ${KINDS.join(', ')}`;
  return refuse(
    'query_invalid',
    below(at, key),
    `a condition cannot begin with ${quoted(key)}${hint}`,
    suggestion === undefined ? {} : { suggestion },
  );
}

function checkList(
  check: JsonCheck,
  json: unknown,
  at: string,
  { of, depth }: Place,
  kind: string,
): readonly Expression[] {
  if (!Array.isArray(json)) refuse('query_type', at, `${quoted(kind)} needs a list of conditions, not ${kindOf(json)}`);
  return json.map((item: unknown, index) => checkNode(check, item, below(at, index), { of, depth: depth + 1 }));
}

function checkTraitLeaf(check: JsonCheck, object: JsonObject, at: string): TraitLeaf {
  checkKeys(object, ['trait', 'op', 'value'], at, 'a trait condition');
  const trait = checkText(object['trait'], below(at, 'trait'), 'the trait');
  return { trait, ...checkCondition(check, object, at, 'profile') };
}

function checkRandomLeaf(object: JsonObject, at: string): RandomLeaf {
  checkKeys(object, ['random'], at, 'a random sample');
  const randomAt = below(at, 'random');
  const random = checkObject(object['random'], randomAt, '"random"');
  checkKeys(random, ['salt', 'from', 'to'], randomAt, '"random"');
  const salt = checkText(field(random, 'salt'), below(randomAt, 'salt'), 'the salt');
  const from = checkShare(field(random, 'from'), below(randomAt, 'from'), '"from"');
  const to = checkShare(field(random, 'to'), below(randomAt, 'to'), '"to"');
  if (from > to) refuse('query_invalid', randomAt, '"from" must not be more than "to"');
  return { random: { salt, from, to } };
}

function checkShare(json: unknown, at: string, what: string): number {
  if (typeof json !== 'number') refuse('query_type', at, `${what} must be a number from 0 to 1, not ${kindOf(json)}`);
  if (!(json >= 0 && json <= 1)) refuse('query_invalid', at, `${what} must be a number from 0 to 1, not ${json}`);
  return json === 0 ? 0 : json;
}
