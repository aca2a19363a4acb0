/** The call that a value came with, as it is told outside. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { NameInterner } from '../../ingest/name-interner.ts';
import type { TraitOrigin } from '../../model/history.ts';
import type { EventTable } from '../event-table.ts';
import { sourceOf } from '../source-name.ts';

export function originOf(history: EventTable, call: number, names: NameInterner): TraitOrigin {
  return {
    source: sourceOf(history, call, names) ?? null,
    messageId: history.messageIds.text(call),
    at: formatIsoDate(history.times.get(call)),
  };
}
