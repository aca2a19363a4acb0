/**
 * From scanned items to shards: finds each item's profile, drops what was seen before, applies, and lets every touched shard
 * append one record. One thread, one turn: a batch is applied whole before anything else is answered.
 */
import { assert } from '../base/assert.ts';
import { Normaliser } from '../identity/normaliser.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { eventTimeMs } from '../ingest/item-envelope.ts';
import type { NameInterner } from '../ingest/name-interner.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { ErrorCode } from '../model/error.ts';
import type { IdentitySettings } from '../model/identity.ts';
import type { RejectedItem } from '../model/ingest.ts';
import type { Identifier } from '../model/profile.ts';
import type { BatchHeader } from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import { Directory, type ProfileAddress } from './directory.ts';
import { Joiner } from './joiner.ts';
import { applyPlaced, isKnownEnrichment } from './placed-item.ts';
import { Resolver } from './resolver.ts';

/** Counts of one batch so far; the router adds to them. */
export interface BatchOutcome {
  accepted: number;
  duplicates: number;
  /** Identifiers that items brought and that were left out, by reason. */
  readonly refusedIdentifiers: Map<string, number>;
  readonly rejected: RejectedItem[];
}

const NO_BYTES = new Uint8Array(0);
const NO_ITEMS: BatchHeader = {
  receivedAtMs: 0,
  sentAtMs: Number.NaN,
  isImport: false,
  defaultKind: 0,
  idSeedHigh: 0,
  idSeedLow: 0,
};

export class Router {
  readonly shards: readonly Shard[];
  readonly directory: Directory;
  readonly joiner: Joiner;
  readonly #names: NameInterner;
  #resolver: Resolver;
  #normaliser: Normaliser;
  #step = 0;
  /** Set when an item broke off halfway: memory is ahead of the log, and shards hold items of a batch that is gone. */
  #failure: unknown;

  constructor(shards: readonly Shard[], settings: IdentitySettings, names: NameInterner) {
    this.shards = shards;
    this.directory = new Directory(shards);
    this.joiner = new Joiner(this.directory);
    this.#names = names;
    this.#resolver = new Resolver(this.directory, this.joiner, settings, names);
    this.#normaliser = new Normaliser(settings);
  }

  /** Where the identifier's profile lives, in normal form or not; undefined when nobody has it. */
  locate(identifier: Identifier): ProfileAddress | undefined {
    const found = this.directory.locate(identifier);
    if (found !== undefined) return found;
    const normal = this.#normalForm(identifier);
    return normal === undefined ? undefined : this.directory.locate(normal);
  }

  /** The identifier as it is kept: as it was given when somebody has that, else in normal form; undefined when nobody has either. */
  keptForm(identifier: Identifier): Identifier | undefined {
    if (this.directory.locate(identifier) !== undefined) return identifier;
    const normal = this.#normalForm(identifier);
    return normal === undefined || this.directory.locate(normal) === undefined ? undefined : normal;
  }

  /** Undefined when it is none, or what was given. */
  #normalForm({ type, value }: Identifier): Identifier | undefined {
    const normal = this.#normaliser.normalise(type, value);
    return 'value' in normal && normal.value !== value ? { type, value: normal.value } : undefined;
  }

  /** Puts right what a crash left behind; to be called once, when all shards are open. Gives how much there was. */
  recover(): number {
    this.#step = Math.max(...this.shards.map(({ data }) => data.lastStep));
    return this.directory.restoreForwards();
  }

  /** Gives commands outside of any batch of items, as one step: all of them count or none. What it throws is as of `apply`. */
  inOneStep<T>(give: () => T): T {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      this.joiner.within(true);
      const given = give();
      this.#commit(NO_BYTES, NO_ITEMS, this.shards);
      return given;
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** From the next item on; survivorship at once. */
  setIdentitySettings(settings: IdentitySettings): void {
    this.#resolver = new Resolver(this.directory, this.joiner, settings, this.#names);
    this.#normaliser = new Normaliser(settings);
    const { survivorship: rules } = settings;
    for (const shard of this.shards) {
      if (!shard.data.isSurvivorship(rules)) this.joiner.command(shard, { kind: 'survivorship', rules });
    }
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
    const resolver = this.#resolver;
    const isSomebody = resolver.decide(tape, item, header.receivedAtMs);
    if (!isSomebody) {
      countRefusals(resolver.refusals, outcome);
      const message =
        'neither userId nor anonymousId identifies anybody: what they hold is blocked, empty or turned off';
      return reject(tape, item, outcome, 'no_identifier', message);
    }
    const timeMs = acceptedTimeMs(tape, item, resolver.shard, header, outcome);
    if (timeMs === undefined) return;
    outcome.accepted += 1;
    // An item that came before came under the same primary, and what was seen moves with a profile.
    const askedShard = resolver.shard;
    if (askedShard.isDuplicate(tape, item, header.receivedAtMs)) {
      outcome.duplicates += 1;
      return;
    }
    this.joiner.within(true);
    resolver.execute(tape, item, header.receivedAtMs);
    const { shard, row, primary, route, extra, forwards } = resolver;
    // The profile moved because of this very item.
    if (shard !== askedShard) shard.isDuplicate(tape, item, header.receivedAtMs);
    const placed = shard.applyItem(tape, item, row, primary, route, timeMs, extra, header);
    for (const identifier of forwards) this.directory.bind(identifier, { shard, row: placed });
    resolver.finish();
    if (resolver.refusals.length > 0) countRefusals(resolver.refusals, outcome);
  }

  /**
   * Applies an item under the identifier, which a profile has; see `placed-item.ts`. Throws as `apply` does.
   */
  applyUnder(identifier: Identifier, tape: EventTape, item: number, header: BatchHeader, outcome: BatchOutcome): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      const address = this.directory.locate(identifier);
      assert(address !== undefined, 'an item for an identifier that nobody has');
      const timeMs = acceptedTimeMs(tape, item, address.shard, header, outcome);
      if (timeMs === undefined) return;
      outcome.accepted += 1;
      if (isKnownEnrichment(tape, item, address)) outcome.duplicates += 1;
      else applyPlaced(tape, item, identifier, address, timeMs, header);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Ends a batch: each touched shard appends its record. Gives the seq per touched shard, and of those that have something on the way to the disk. */
  commit(tape: EventTape, header: BatchHeader): { shard: Shard; seq: number }[] {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#commit(tape.bytes, header, []);
  }

  /** `always`: shards that have a part in the step even if nothing waits there. */
  #commit(source: Uint8Array, header: BatchHeader, always: readonly Shard[]): { shard: Shard; seq: number }[] {
    const isStep = this.joiner.takeIsOverShards() && this.shards.length > 1;
    this.joiner.within(false);
    const parts = isStep ? this.shards.filter((shard) => shard.isWaiting || always.includes(shard)) : [];
    if (isStep) this.#step += 1;
    const step = isStep ? { step: this.#step, shards: parts.map(({ index }) => index) } : undefined;
    const touched: { shard: Shard; seq: number }[] = [];
    for (const shard of this.shards) {
      shard.data.foldNow();
      const before = shard.appliedSeq;
      shard.commit(source, header, parts.includes(shard) ? step : undefined);
      // Whoever waits also waits for all that is on its way: if a step is cut back after a crash, nothing behind it was promised.
      if (shard.appliedSeq !== before || shard.appliedSeq > shard.storage.log.durableSeq) {
        touched.push({ shard, seq: shard.appliedSeq });
      }
    }
    return touched;
  }
}

/** The item's time when the shard takes the item, else undefined, and the reason is in the outcome. */
function acceptedTimeMs(
  tape: EventTape,
  item: number,
  shard: Shard,
  { receivedAtMs, sentAtMs: batchSentAtMs, isImport }: BatchHeader,
  outcome: BatchOutcome,
): number | undefined {
  const schemaFault = shard.data.schemaFault(tape, item);
  if (schemaFault !== undefined) {
    reject(tape, item, outcome, 'schema_limit', schemaFault);
    return undefined;
  }
  const sentAtMs = Number.isNaN(batchSentAtMs) ? tape.sentAts[item] : batchSentAtMs;
  const timeMs = eventTimeMs(tape.times[item], tape.originalTimes[item], receivedAtMs, sentAtMs, isImport);
  if (!Number.isNaN(timeMs)) return timeMs;
  reject(tape, item, outcome, 'invalid_timestamp', 'timestamp and sentAt give a time out of range');
  return undefined;
}

function countRefusals(refusals: readonly string[], { refusedIdentifiers }: BatchOutcome): void {
  for (const reason of refusals) refusedIdentifiers.set(reason, (refusedIdentifiers.get(reason) ?? 0) + 1);
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
