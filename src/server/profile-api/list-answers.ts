/** `…/external_ids`, `…/links` and `…/metadata`. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { AccountEntry, IdentifierEntry, ItemOrigin } from '../../model/profile-page.ts';
import { dataBody } from './list-body.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { PartReader } from './part-reader.ts';

export const externalIdsPart: PartReader = {
  parameters: ['limit', 'next', 'include'],
  limitUsual: 25,
  limitMax: 200,
  async read({ profilePages: pages }, { identifier, query, list }) {
    query.flag('verbose');
    const [type, value] = decodeCursor('external_ids', query.text('next'), ['string', 'string']) ?? [];
    const page = await pages.identifiers(identifier, {
      limit: list.limit,
      after: type === undefined || value === undefined ? undefined : { type, value },
      include: query.list('include'),
      asOfMs: query.momentMs('as_of'),
    });
    if (page === undefined) return undefined;
    const { identifiers, hasMore } = page;
    const last = identifiers[identifiers.length - 1];
    return dataBody(
      identifiers.map(externalIdJson),
      list,
      hasMore ? encodeCursor('external_ids', [last.type, last.value]) : '',
    );
  },
  empty: (list) => dataBody([], list, ''),
};

export function externalIdJson({ type, value, linkedAtMs, first }: IdentifierEntry): string {
  return JSON.stringify({
    id: value,
    type,
    collection: 'users',
    encoding: 'none',
    created_at: formatIsoDate(linkedAtMs),
    source_id: first?.source ?? null,
    first_message_id: first?.messageId ?? null,
  });
}

export const linksPart: PartReader = {
  parameters: ['limit', 'next'],
  limitUsual: 20,
  limitMax: 200,
  async read({ profilePages: pages }, { identifier, query, list }) {
    query.flag('verbose');
    const [after] = decodeCursor('links', query.text('next'), ['string']) ?? [];
    const page = await pages.accounts(identifier, { limit: list.limit, after, asOfMs: query.momentMs('as_of') });
    if (page === undefined) return undefined;
    const { accounts, hasMore } = page;
    const next = hasMore ? encodeCursor('links', [accounts[accounts.length - 1].id]) : '';
    return dataBody(accounts.map(linkJson), list, next);
  },
  empty: (list) => dataBody([], list, ''),
};

function linkJson({ id, first }: AccountEntry): string {
  const externalId = {
    id,
    type: 'group_id',
    collection: 'accounts',
    encoding: 'none',
    created_at: formatIsoDate(first.timeMs),
    source_id: first.source ?? null,
  };
  return JSON.stringify({ to_collection: 'accounts', external_ids: [externalId] });
}

export const metadataPart: PartReader = {
  parameters: [],
  limitUsual: 1,
  limitMax: 1,
  async read({ profilePages: pages }, { identifier, query }) {
    query.flag('verbose');
    const metadata = await pages.metadata(identifier, query.momentMs('as_of'));
    if (metadata === undefined) return undefined;
    const { firstSeenMs, lastSeenMs, first, last } = metadata;
    return JSON.stringify({
      metadata: {
        created_at: formatIsoDate(firstSeenMs),
        updated_at: formatIsoDate(lastSeenMs),
        // Profiles do not expire.
        expires_at: null,
        ...messageOf('first', first),
        ...messageOf('last', last),
      },
    });
  },
  empty: () => '{"metadata":{}}',
};

function messageOf(which: 'first' | 'last', origin: ItemOrigin | undefined): Record<string, string | null> {
  return {
    [`${which}_message_id`]: origin?.messageId ?? null,
    [`${which}_source_id`]: origin?.source ?? null,
  };
}
