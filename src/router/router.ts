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
import { schemaFault } from '../profile/schema-limit.ts';
import type { HandOver } from '../shard/identity-command.ts';
import type { BatchHeader } from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import type { Directory } from './directory.ts';
import { Joiner } from './joiner.ts';
import { applyPlaced, isKnownEnrichment } from './placed-item.ts';
import type { ProfileAddress } from './profile-address.ts';
import type { OutOfReach } from './reach.ts';
import { NOBODY, Resolver, UNDECIDED } from './resolver.ts';

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
  #handOver: HandOver | undefined;
  /** Set when an item broke off halfway: memory is ahead of the log, and shards hold items of a batch that is gone. */
  #failure: unknown;

  constructor(directory: Directory, settings: IdentitySettings, names: NameInterner) {
    this.shards = directory.shards;
    this.directory = directory;
    this.joiner = new Joiner(this.directory);
    this.#names = names;
    this.#resolver = new Resolver(this.directory, this.joiner, settings, names);
    this.#normaliser = new Normaliser(settings);
  }

  /** Where the identifier's profile lives, in normal form or not; undefined when nobody has it. */
  locate(identifier: Identifier): ProfileAddress | undefined {
    const found = this.directory.locate(identifier);
    if (found !== undefined) return found;
    const normal = this.normalForm(identifier);
    return normal === undefined ? undefined : this.directory.locate(normal);
  }

  /** The identifier as it is kept: as it was given when somebody has that, else in normal form; undefined when nobody has either. */
  keptForm(identifier: Identifier): Identifier | undefined {
    if (this.directory.locate(identifier) !== undefined) return identifier;
    const normal = this.normalForm(identifier);
    return normal === undefined || this.directory.locate(normal) === undefined ? undefined : normal;
  }

  /** Undefined when it is none, or what was given. */
  normalForm({ type, value }: Identifier): Identifier | undefined {
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
      if (!shard.data.traits.isSurvivorship(rules)) this.joiner.command(shard, { kind: 'survivorship', rules });
    }
  }

  /** Why the item cannot be decided with what is at hand; undefined when it can, which is always so in one process. Changes nothing. */
  outOfReach(tape: EventTape, item: number, header: BatchHeader): OutOfReach | undefined {
    const isUndecided = this.#resolver.decide(tape, item, header.receivedAtMs) === UNDECIDED;
    return isUndecided ? this.#resolver.outOfReach : undefined;
  }

  /**
   * Applies one item that the scanner accepted, or changes nothing and says what is not at hand. What it throws is not the item's fault (a failed disk, a full dictionary, a mistake of
   * ours), and from then on it and `commit` throw the same: a restart recovers what was durable.
   */
  apply(tape: EventTape, item: number, header: BatchHeader, outcome: BatchOutcome): OutOfReach | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#apply(tape, item, header, outcome);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #apply(tape: EventTape, item: number, header: BatchHeader, outcome: BatchOutcome): OutOfReach | undefined {
    const resolver = this.#resolver;
    const decision = resolver.decide(tape, item, header.receivedAtMs);
    if (decision === UNDECIDED) return resolver.outOfReach;
    if (decision === NOBODY) {
      countRefusals(resolver.refusals, outcome);
      const message =
        'neither userId nor anonymousId identifies anybody: what they hold is blocked, empty or turned off';
      reject(tape, item, outcome, 'no_identifier', message);
      return undefined;
    }
    const timeMs = acceptedTimeMs(tape, item, resolver.shard, header, outcome);
    if (timeMs === undefined) return undefined;
    outcome.accepted += 1;
    // An item that came before came under the same primary, and what was seen moves with a profile.
    const askedShard = resolver.shard;
    if (askedShard.isDuplicate(tape, item, header.receivedAtMs)) {
      outcome.duplicates += 1;
      return undefined;
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
    return undefined;
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

  /** What the last commit hands over to shards that are elsewhere; it is theirs once the commit is durable. */
  takeHandOver(): HandOver | undefined {
    const taken = this.#handOver;
    this.#handOver = undefined;
    return taken;
  }

  /** In the midst of a batch: what shards that are elsewhere have to do goes into the record of the one that is here. */
  #handOverParts(source: Uint8Array, header: BatchHeader): void {
    const { reach } = this.directory;
    if (reach === undefined) return;
    const parts = reach.takeParts(source, header);
    if (parts.length === 0) return;
    const { own } = reach;
    assert(this.#handOver === undefined, 'parts of a step that nobody took');
    this.#handOver = { number: own.data.lastStep + 1, parts };
    own.commandInBatch({ kind: 'hand_over', ...this.#handOver });
  }

  /** `always`: shards that have a part in the step even if nothing waits there. */
  #commit(source: Uint8Array, header: BatchHeader, always: readonly Shard[]): { shard: Shard; seq: number }[] {
    this.#handOverParts(source, header);
    const isStep = this.joiner.takeIsOverShards() && this.shards.length > 1;
    this.joiner.within(false);
    const parts = isStep ? this.shards.filter((shard) => shard.isWaiting || always.includes(shard)) : [];
    if (isStep) this.#step += 1;
    const step = isStep ? { step: this.#step, shards: parts.map(({ index }) => index) } : undefined;
    const touched: { shard: Shard; seq: number }[] = [];
    for (const shard of this.shards) {
      shard.data.traits.foldNow();
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
  const fault = schemaFault(shard.data, tape, item);
  if (fault !== undefined) {
    reject(tape, item, outcome, 'schema_limit', fault);
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
