/** `…/traits`: what was sent of the profile, or with `class=audience` the saved segments that it is in. */
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { ItemOrigin } from '../../model/profile-page.ts';
import { type Member, traitsBody } from './list-body.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { PageAsked, PartReader, PartSource } from './part-reader.ts';

type Pages = PartSource['profilePages'];

export const TRAIT_CLASSES = ['audience', 'computed_trait'] as const;

export const traitsPart: PartReader = {
  parameters: ['limit', 'next', 'include', 'class', 'fields'],
  limitUsual: 10,
  limitMax: 200,
  read: ({ profilePages: pages }, asked) =>
    asked.query.choice('class', TRAIT_CLASSES) === 'audience' ? readAudiences(pages, asked) : readTraits(pages, asked),
  empty: (list) => traitsBody([], list, ''),
};

async function readTraits(pages: Pages, { identifier, query, list }: PageAsked): Promise<string | undefined> {
  const [after] = decodeCursor('traits', query.text('next'), ['string']) ?? [];
  const page = await pages.traits(identifier, {
    limit: list.limit,
    after,
    include: query.list('include'),
    fields: query.list('fields'),
    hasLineage: query.flag('verbose'),
    asOfMs: query.momentMs('as_of'),
  });
  if (page === undefined) return undefined;
  // There is nothing that would compute a trait here, so nobody has any.
  if (query.text('class') === 'computed_trait') return traitsBody([], list, '');
  const members = page.traits.map(
    ({ name, json, lineage }): Member => ({ name, json: lineage === undefined ? json : tracedJson(json, lineage) }),
  );
  return traitsBody(members, list, page.hasMore ? encodeCursor('traits', [members[members.length - 1].name]) : '');
}

async function readAudiences(pages: Pages, { identifier, query, list }: PageAsked): Promise<string | undefined> {
  if (query.text('as_of') !== undefined || query.text('fields') !== undefined) {
    throw new EngineError('invalid_request', '"as_of" and "fields" do not go with class=audience');
  }
  const [after] = decodeCursor('audiences', query.text('next'), ['string']) ?? [];
  const isVerbose = query.flag('verbose');
  const page = await pages.segments(identifier, { limit: list.limit, after, include: query.list('include') });
  if (page === undefined) return undefined;
  const { keys, atMs, hasMore } = page;
  // Since when somebody is in a segment is not kept; what is known is when it was looked at.
  const json = isVerbose ? tracedJson('true', { timeMs: atMs, source: undefined }) : 'true';
  const members = keys.map((name): Member => ({ name, json }));
  return traitsBody(members, list, hasMore ? encodeCursor('audiences', [keys[keys.length - 1]]) : '');
}

function tracedJson(json: string, { source, timeMs }: Pick<ItemOrigin, 'source' | 'timeMs'>): string {
  return `{"value":${json},"source_id":${JSON.stringify(source ?? null)},"updated_at":"${formatIsoDate(timeMs)}"}`;
}
