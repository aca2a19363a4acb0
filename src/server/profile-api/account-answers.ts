/**
 * The parts of an account, which group calls make. It has one identifier, its `group_id`; no events of its own, no past, and no sources
 * are kept of it. Its links are the people who are in it.
 */
import { splitPath } from '../../base/path.ts';
import type { Account } from '../../model/account.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import { eventsPart } from './events-answer.ts';
import { externalIdJson, externalIdsPart, linksPart, metadataPart } from './list-answers.ts';
import { dataBody, type Member, traitsBody } from './list-body.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { PageAsked, PartReader, PartSource } from './part-reader.ts';
import type { Part } from './profile-path.ts';
import { TRAIT_CLASSES, traitsPart } from './traits-answer.ts';

const ACCOUNT_ID_TYPE = 'group_id';
/** Of each person among the links. */
const IDENTIFIERS_OF_LINK = 25;

export const ACCOUNT_READERS: Readonly<Record<Part, PartReader>> = {
  traits: {
    ...traitsPart,
    async read(source, asked) {
      const account = await accountOf(source, asked);
      return account && accountTraits(account, asked);
    },
  },
  external_ids: {
    ...externalIdsPart,
    async read(source, asked) {
      const account = await accountOf(source, asked);
      const { query, list } = asked;
      decodeCursor('external_ids', query.text('next'), ['string', 'string']);
      const isWanted = query.list('include')?.includes(ACCOUNT_ID_TYPE) ?? true;
      return account && dataBody(isWanted ? [externalIdOf(account)] : [], list, '');
    },
  },
  events: {
    ...eventsPart,
    async read(source, asked) {
      const account = await accountOf(source, asked);
      return account && dataBody([], asked.list, '');
    },
  },
  metadata: {
    ...metadataPart,
    async read(source, asked) {
      const account = await accountOf(source, asked);
      return account && metadataOf(account);
    },
  },
  links: { ...linksPart, read: readPeople },
};

async function accountOf({ accounts }: PartSource, { identifier, query }: PageAsked): Promise<Account | undefined> {
  query.flag('verbose');
  if (query.text('as_of') !== undefined) {
    throw new EngineError('invalid_request', '"as_of" does not go with accounts: no past of them is kept');
  }
  return identifier.type === ACCOUNT_ID_TYPE ? await accounts.get(identifier.value) : undefined;
}

function accountTraits({ traits }: Account, { query, list }: PageAsked): string {
  const [after] = decodeCursor('traits', query.text('next'), ['string']) ?? [];
  const isVerbose = query.flag('verbose');
  const include = query.list('include');
  const paths = query.list('fields')?.map(splitPath);
  // Saved segments are of people, and nothing computes traits here.
  const isSent = query.choice('class', TRAIT_CLASSES) === undefined;
  const found: Member[] = [];
  for (const name of Object.keys(traits).sort()) {
    if (!isSent || (after !== undefined && name <= after) || include?.includes(name) === false) continue;
    const value = paths === undefined ? traits[name] : projected(traits[name], [name], paths);
    if (value === undefined) continue;
    const json = JSON.stringify(value);
    found.push({ name, json: isVerbose ? `{"value":${json},"source_id":null,"updated_at":null}` : json });
  }
  const members = found.slice(0, list.limit);
  const hasMore = found.length > list.limit;
  return traitsBody(members, list, hasMore ? encodeCursor('traits', [members[members.length - 1].name]) : '');
}

/** What of the value at `at` the paths keep; undefined when nothing. */
function projected(value: unknown, at: readonly string[], paths: readonly (readonly string[])[]): unknown {
  if (paths.some((path) => path.every((segment, i) => segment === at[i]))) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const kept = Object.entries(value).flatMap(([name, below]) => {
    const part = projected(below, [...at, name], paths);
    return part === undefined ? [] : [[name, part] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function externalIdOf({ id, first_seen }: Account): string {
  return JSON.stringify({
    id,
    type: ACCOUNT_ID_TYPE,
    collection: 'accounts',
    encoding: 'none',
    created_at: first_seen,
    source_id: null,
    first_message_id: null,
  });
}

function metadataOf({ first_seen, last_seen }: Account): string {
  return JSON.stringify({
    metadata: {
      created_at: first_seen,
      updated_at: last_seen,
      expires_at: null,
      first_message_id: null,
      first_source_id: null,
      last_message_id: null,
      last_source_id: null,
    },
  });
}

async function readPeople(source: PartSource, asked: PageAsked): Promise<string | undefined> {
  const { identifier, query, list } = asked;
  const [cursor] = decodeCursor('people', query.text('next'), ['string']) ?? [];
  const account = await accountOf(source, asked);
  const page = account && (await source.accounts.people(identifier.value, { limit: list.limit, cursor }));
  if (page === undefined) return undefined;
  const links: string[] = [];
  for (const id of page.ids) {
    const link = await personLink(source, id);
    if (link !== undefined) links.push(link);
    // Somebody's events may be many: others have their turn between two people.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return dataBody(links, list, page.cursor === undefined ? '' : encodeCursor('people', [page.cursor]));
}

/** Undefined when the person became part of another in the meantime. */
async function personLink({ profilePages }: PartSource, id: string): Promise<string | undefined> {
  for (const identifier of readingsOf(id)) {
    const page = await profilePages.identifiers(identifier, { limit: IDENTIFIERS_OF_LINK });
    if (page !== undefined) {
      return `{"to_collection":"users","external_ids":[${page.identifiers.map(externalIdJson).join(',')}]}`;
    }
  }
  return undefined;
}

/** A profile's name is its user_id, or `type:value` of another identifier. */
function readingsOf(id: string): readonly Identifier[] {
  const colon = id.indexOf(':');
  const asUser = { type: 'user_id', value: id };
  return colon < 0 ? [asUser] : [asUser, { type: id.slice(0, colon), value: id.slice(colon + 1) }];
}
