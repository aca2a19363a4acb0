/**
 * The slow truth: every customer as a plain object, every question answered by looking at all of them, no index anywhere.
 * It says what the engine has to answer after the same batches in the same order.
 */
import type { ErrorCode } from '../../../src/model/error.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import type { Expression } from '../../../src/model/query.ts';
import { evaluate } from './evaluator.ts';
import type { Moment } from './event-choice.ts';
import { type ItemTiming, type ReadItem, readItem } from './item.ts';
import type { JsonObject } from './json-value.ts';
import { type NaiveProfile, renderProfile } from './profile.ts';
import { mergeTraits } from './trait-merge.ts';

export interface NaiveIngestResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly index: number; readonly code: ErrorCode }[];
}

export class NaiveModel {
  readonly #profiles: NaiveProfile[] = [];
  readonly #owners = new Map<string, NaiveProfile>();
  readonly #seenMessages = new Set<string>();
  #arrival = 0;

  ingest(items: readonly unknown[], timing: ItemTiming): NaiveIngestResult {
    const rejected: { index: number; code: ErrorCode }[] = [];
    let duplicates = 0;
    for (const [index, item] of items.entries()) {
      const read = readItem(item, timing);
      const outcome = typeof read === 'string' ? read : this.#apply(read);
      if (outcome === 'duplicate') duplicates += 1;
      else if (outcome !== 'applied') rejected.push({ index, code: outcome });
    }
    return { accepted: items.length - rejected.length, duplicates, rejected };
  }

  lookup(identifier: Identifier, eventCount = 0): JsonObject | undefined {
    const profile = this.#owners.get(ownerKey(identifier));
    return profile === undefined ? undefined : renderProfile(profile, eventCount);
  }

  /** Ids of the profiles that an expression holds for. */
  query(expression: Expression, moment: Moment): Set<string> {
    const hits = this.#profiles.filter((profile) => evaluate(expression, profile, moment));
    return new Set(hits.map((profile) => profile.id));
  }

  get profiles(): readonly NaiveProfile[] {
    return this.#profiles;
  }

  #apply(item: ReadItem): 'applied' | 'duplicate' | ErrorCode {
    const message = messageKey(item);
    const found = this.#find(item);
    if (item.isAlias && this.#isTaken(item.anonymousId, found)) return 'merge_not_supported';
    if (message !== undefined && this.#seenMessages.has(message)) return 'duplicate';
    if (message !== undefined) this.#seenMessages.add(message);
    const profile = found ?? this.#create(item);
    this.#attachAll(profile, item);
    profile.firstSeenMs = Math.min(profile.firstSeenMs, item.timeMs);
    profile.lastSeenMs = Math.max(profile.lastSeenMs, item.timeMs);
    if (item.traits !== undefined) profile.traits = mergeTraits(profile.traits, item.traits);
    if (item.event !== undefined) {
      const { timeMs, context } = item;
      const messageId = item.messageId ?? '';
      profile.events.push({ ...item.event, timeMs, context, messageId, arrival: this.#arrival });
      this.#arrival += 1;
    }
    return 'applied';
  }

  /** The user's profile; else the visitor's, unless it already is another user's. */
  #find({ userId, anonymousId }: ReadItem): NaiveProfile | undefined {
    const visitor = this.#owner('anonymous_id', anonymousId);
    if (userId === undefined) return visitor;
    const isOthers = visitor?.identifiers.some(({ type }) => type === 'user_id') ?? false;
    return this.#owner('user_id', userId) ?? (isOthers ? undefined : visitor);
  }

  /** Whether the previous id of an alias, be it a visitor's or a user's, names somebody else. */
  #isTaken(previousId: string | undefined, profile: NaiveProfile | undefined): boolean {
    const owners = [this.#owner('anonymous_id', previousId), this.#owner('user_id', previousId)];
    return owners.some((owner) => owner !== undefined && owner !== profile);
  }

  #owner(type: string, value: string | undefined): NaiveProfile | undefined {
    return value === undefined ? undefined : this.#owners.get(ownerKey({ type, value }));
  }

  #create({ anonymousId, timeMs }: ReadItem): NaiveProfile {
    const id = `anonymous_id:${anonymousId}`;
    const profile = { id, identifiers: [], traits: {}, firstSeenMs: timeMs, lastSeenMs: timeMs, events: [] };
    this.#profiles.push(profile);
    return profile;
  }

  #attachAll(profile: NaiveProfile, { userId, anonymousId, identifiers }: ReadItem): void {
    if (userId !== undefined) {
      this.#attach(profile, { type: 'user_id', value: userId });
      profile.id = userId;
    }
    if (anonymousId !== undefined) this.#attach(profile, { type: 'anonymous_id', value: anonymousId });
    for (const identifier of identifiers) this.#attach(profile, identifier);
  }

  /** First come, first owned: an identifier that anyone holds stays where it is. */
  #attach(profile: NaiveProfile, identifier: Identifier): void {
    const key = ownerKey(identifier);
    if (this.#owners.has(key)) return;
    this.#owners.set(key, profile);
    profile.identifiers.push(identifier);
  }
}

function ownerKey({ type, value }: Identifier): string {
  return JSON.stringify([type, value]);
}

/** A message id is its sender's: the same id from another person is another message. */
function messageKey({ userId, anonymousId, messageId }: ReadItem): string | undefined {
  if (messageId === undefined) return undefined;
  return JSON.stringify(
    userId === undefined ? ['anonymous_id', anonymousId, messageId] : ['user_id', userId, messageId],
  );
}
