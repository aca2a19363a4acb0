/**
 * From scanned items to shards: finds each item's profile, drops what was seen before, applies, and lets every touched shard
 * append one record. One thread, one turn: a batch is applied whole before anything else is answered.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { eventTimeMs } from '../ingest/item-envelope.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { ErrorCode } from '../model/error.ts';
import type { RejectedItem } from '../model/ingest.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import type { BatchHeader } from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import { fieldIdentifier, IdentityRoute, type ProfileAddress } from './identity-route.ts';
import { SlotMap } from './slot-map.ts';

/** Counts of one batch so far; the router adds to them. */
export interface BatchOutcome {
  accepted: number;
  duplicates: number;
  takenIdentifiers: number;
  readonly rejected: RejectedItem[];
}

export class Router {
  readonly shards: readonly Shard[];
  readonly #route: IdentityRoute;
  /** Set when an item broke off halfway: memory is ahead of the log, and shards hold items of a batch that is gone. */
  #failure: unknown;

  constructor(shards: readonly Shard[]) {
    this.shards = shards;
    this.#route = new IdentityRoute(shards, new SlotMap(shards.length));
  }

  locate(identifier: Identifier): ProfileAddress | undefined {
    return this.#route.locate(identifier);
  }

  /**
   * Puts back forwards that a crash lost while the profile's own shard kept the identifier; to be called once, after all
   * shards are open. Gives their number. Walks every identifier; nothing to do with one shard.
   */
  restoreForwards(): number {
    if (this.shards.length === 1) return 0;
    let count = 0;
    for (const shard of this.shards) {
      const { identifiers } = shard.data;
      for (let code = 1; code <= identifiers.count; code++) {
        if (identifiers.rowOf(code) === NONE) continue;
        const identifier = { type: identifiers.typeOf(code), value: identifiers.valueOf(code) };
        if (this.#route.ownerOf(identifier) === shard || this.locate(identifier) !== undefined) continue;
        this.#bind(identifier, this.#homeKey(shard, identifier));
        count += 1;
      }
    }
    return count;
  }

  /**
   * Applies one item that the scanner accepted. What it throws is not the item's fault (a failed disk, a full dictionary, a mistake of
   * ours), and from then on it and `commit` throw the same: a restart recovers what was durable.
   */
  apply(tape: EventTape, item: number, header: BatchHeader, outcome: BatchOutcome): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.#apply(tape, item, header, outcome);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #apply(tape: EventTape, item: number, header: BatchHeader, outcome: BatchOutcome): void {
    const route = this.#route;
    route.decide(tape, item);
    const base = item * tapeOf.ITEM_STRIDE;
    const { shard } = route;
    if (route.isMerge && tape.items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_ALIAS) {
      return reject(
        tape,
        item,
        outcome,
        'merge_not_supported',
        'both ids of the alias already have profiles; profiles cannot be merged yet',
      );
    }
    const schemaFault = shard.data.schemaFault(tape, item);
    if (schemaFault !== undefined) return reject(tape, item, outcome, 'schema_limit', schemaFault);
    const sentAtMs = Number.isNaN(header.sentAtMs) ? tape.sentAts[item] : header.sentAtMs;
    const timeMs = eventTimeMs(
      tape.times[item],
      tape.originalTimes[item],
      header.receivedAtMs,
      sentAtMs,
      header.isImport,
    );
    if (Number.isNaN(timeMs)) {
      return reject(tape, item, outcome, 'invalid_timestamp', 'timestamp and sentAt give a time out of range');
    }
    outcome.accepted += 1;
    if (shard.isDuplicate(tape, item, header.receivedAtMs)) {
      outcome.duplicates += 1;
      return;
    }
    outcome.takenIdentifiers += route.takenCount;
    shard.applyItem(tape, item, route.row, route.route, timeMs, route.extra, header);
    if (route.forwards.length > 0) this.#bindForwards(tape, base);
  }

  #bindForwards(tape: EventTape, base: number): void {
    const route = this.#route;
    // The profile is found again under the identifier it was found or made by.
    const isAnonymous = tape.items[base + tapeOf.ITEM_USER + 1] < 0 || (route.route & 1) !== 0;
    const home = isAnonymous
      ? fieldIdentifier(tape, base + tapeOf.ITEM_ANONYMOUS, 'anonymous_id')
      : fieldIdentifier(tape, base + tapeOf.ITEM_USER, 'user_id');
    for (const identifier of route.forwards) this.#bind(identifier, this.#homeKey(route.shard, home));
  }

  /** A key of the profile whose slot is on the profile's own shard, so that a forward never leads to another forward. */
  #homeKey(shard: Shard, identifier: Identifier): Identifier {
    const found = shard.rowOf(identifier);
    if (typeof found !== 'number' || found < 0) return identifier;
    const { identifiers, profiles } = shard.data;
    let code = profiles.identifierHeads.get(found);
    let first = code;
    while (code !== 0) {
      first = code;
      code = identifiers.nextOf(code);
    }
    return { type: identifiers.typeOf(first), value: identifiers.valueOf(first) };
  }

  #bind(identifier: Identifier, target: Identifier): void {
    this.#route.ownerOf(identifier).bind(identifier, target);
  }

  /** Ends a batch: each touched shard appends its record. Gives the seq per touched shard. */
  commit(tape: EventTape, header: BatchHeader): { shard: Shard; seq: number }[] {
    if (this.#failure !== undefined) throw this.#failure;
    const touched: { shard: Shard; seq: number }[] = [];
    for (const shard of this.shards) {
      const before = shard.appliedSeq;
      shard.commit(tape.bytes, header);
      if (shard.appliedSeq !== before || shard.appliedSeq > shard.storage.log.durableSeq) {
        touched.push({ shard, seq: shard.appliedSeq });
      }
    }
    return touched;
  }
}

export function reject(tape: EventTape, item: number, outcome: BatchOutcome, code: ErrorCode, message: string): void {
  const base = item * tapeOf.ITEM_STRIDE;
  const { items } = tape;
  const length = items[base + tapeOf.ITEM_MESSAGE_ID + 1];
  const messageId = length > 0 ? decodeUtf8(tape.bytes, items[base + tapeOf.ITEM_MESSAGE_ID], length) : undefined;
  outcome.rejected.push({
    index: items[base + tapeOf.ITEM_INDEX],
    ...(messageId === undefined ? {} : { messageId }),
    code,
    message,
  });
}
