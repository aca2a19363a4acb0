/**
 * An identify item that comes under an identifier which a profile has, whatever else it says of who is meant: enrichment. It attaches,
 * links and merges nothing, so what others know of somebody never decides who somebody is.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { keyMessage } from '../ingest/item-envelope.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { Identifier } from '../model/profile.ts';
import { isEnrichment } from '../profile/enrichment-mark.ts';
import type { EventTable } from '../profile/event-table.ts';
import { type BatchHeader, ROUTE_IGNORE_USER, ROUTE_PRIMARY_EXTRA } from '../shard/record.ts';
import type { ProfileAddress } from './profile-address.ts';

/** Ids of a visitor or user that the item's own fields hold, which needs no word in the record. */
export function isFieldOf({ type }: Identifier): boolean {
  return type === 'user_id' || type === 'anonymous_id';
}

/** Whether the profile has the item already, however long ago it came. Costs the profile's enrichment calls. */
export function isKnownEnrichment(tape: EventTape, item: number, { shard, row }: ProfileAddress): boolean {
  const { history } = shard.data;
  const slot = history.slotOf(row);
  if (slot < 0) return false;
  const at = item * tapeOf.ITEM_STRIDE + tapeOf.ITEM_MESSAGE_ID;
  const messageId = decodeUtf8(tape.bytes, tape.items[at], tape.items[at + 1]);
  return history.eventsOf(slot).some((call) => isSame(history, call, messageId));
}

function isSame(history: EventTable, call: number, messageId: string): boolean {
  return isEnrichment(history, call) && history.messageIds.text(call) === messageId;
}

/** Applies the item and notes it for the shard's record. */
export function applyPlaced(
  tape: EventTape,
  item: number,
  identifier: Identifier,
  { shard, row }: ProfileAddress,
  timeMs: number,
  header: BatchHeader,
): void {
  const isField = isFieldOf(identifier);
  if (!isField) keyMessage(tape, item, identifier, shard.hashSeed);
  // Remembered as a replay does; whether it is new was seen in the history.
  shard.isDuplicate(tape, item, header.receivedAtMs);
  const route = isField ? 0 : ROUTE_IGNORE_USER | ROUTE_PRIMARY_EXTRA;
  const primary = shard.data.codeOf(identifier);
  shard.applyItem(tape, item, row, primary, route, timeMs, isField ? undefined : [identifier], header);
}
