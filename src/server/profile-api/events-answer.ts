/** `…/events`: events of all names, identify calls among them, newest first. */
import { formatIsoDate } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { EventEntry, EventPosition } from '../../model/profile-page.ts';
import { dataBody } from './list-body.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { PageAsked, PartReader } from './part-reader.ts';

export const EVENT_SORTS = ['desc', 'asc'] as const;

export const eventsPart: PartReader = {
  parameters: ['limit', 'next', 'include', 'exclude', 'start', 'end', 'sort', 'fields'],
  limitUsual: 100,
  limitMax: 1_000,
  async read({ profilePages: pages }, { identifier, query, list }: PageAsked) {
    query.flag('verbose');
    const sort = query.choice('sort', EVENT_SORTS) ?? 'desc';
    const name = `events:${sort}`;
    const page = await pages.events(identifier, {
      limit: list.limit,
      after: positionOf(name, query.text('next')),
      isAscending: sort === 'asc',
      startMs: query.momentMs('start'),
      endMs: query.momentMs('end'),
      include: query.list('include'),
      exclude: query.list('exclude'),
      fields: query.list('fields'),
      asOfMs: query.momentMs('as_of'),
    });
    if (page === undefined) return undefined;
    const { events, next } = page;
    const cursor = next === undefined ? '' : encodeCursor(name, [next.timeMs, next.nth, next.messageId]);
    return dataBody(events.map(eventJson), list, cursor);
  },
  empty: (list) => dataBody([], list, ''),
};

function positionOf(list: string, cursor: string | undefined): EventPosition | undefined {
  const fields = decodeCursor(list, cursor, ['number', 'number', 'string']);
  if (fields === undefined) return undefined;
  const [timeMs, nth, messageId] = fields;
  if (nth < 1) throw new EngineError('invalid_cursor', '"next" is not a cursor of this list; start again without it');
  return { timeMs, nth, messageId };
}

function eventJson(entry: EventEntry): string {
  const { event, kind, timeMs, messageId, source, propertiesJson, contextJson, identifier } = entry;
  const externalIds =
    identifier === undefined
      ? []
      : [{ collection: 'users', type: identifier.type, id: identifier.value, encoding: 'none' }];
  const head = JSON.stringify({
    external_ids: externalIds,
    type: kind,
    event,
    message_id: messageId,
    source_id: source ?? null,
    timestamp: formatIsoDate(timeMs),
  });
  // An identify call carries traits where others have properties.
  const values = kind === 'identify' ? `"properties":{},"traits":${propertiesJson}` : `"properties":${propertiesJson}`;
  return `${head.slice(0, -1)},${values},"context":${contextJson ?? '{}'}}`;
}
