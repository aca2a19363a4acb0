/**
 * What a step asks of another shard before it is decided: to keep identifiers as they are until the step is over, and what they are there. The words
 * of it, and the side that answers.
 */
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import { sizeOf } from '../../profile/merge.ts';
import { PAIR_CUT, PAIR_REFUSAL_NOTED } from '../../profile/pair-notes.ts';
import { type ProfileParcel, packProfile } from '../../profile/transfer.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { Shard } from '../../shard/shard.ts';
import { leadOf } from './lead.ts';
import type { LockTable } from './lock-table.ts';

/** Profiles with no more than so many events and calls are given with them at once. */
const WHOLE_UP_TO = 64;

type WireIdentifier = readonly [type: string, value: string];

/** Two hashes of a message id, as de-duplication knows it. */
export type WireMessage = readonly [hash: number, check: number];

export interface ClaimRequest {
  readonly holder: string;
  /** `type:value` of all that the step is about: nobody else takes these in hand on any shard that has a part in it. */
  readonly texts: readonly string[];
  /** What is asked for. */
  readonly identifiers: readonly WireIdentifier[];
  /** By place in `identifiers`: what led to this shard; null: it is asked as the owner of the identifier's slot. */
  readonly by: readonly (WireIdentifier | null)[];
  /** Whose profiles are to be given with all their events, however many. */
  readonly whole: readonly WireIdentifier[];
  readonly pairs: readonly (readonly [WireIdentifier, WireIdentifier])[];
  readonly messages: readonly WireMessage[];
  readonly atMs: number;
  /** Of the map by which this shard is asked. */
  readonly epoch: number;
}

/** The identifier there: nobody's, where the target is, or of one of `profiles`. */
export type ClaimedState = readonly [] | readonly [target: WireIdentifier] | number;

export interface ClaimedProfile {
  readonly parcel: ProfileParcel;
  /** Events and calls. */
  readonly size: number;
  readonly isWhole: boolean;
}

export interface ClaimAnswer {
  /** Another step has something of it in hand, or the asker's map is old; then nothing was locked by this claim. */
  readonly isBusy: boolean;
  readonly states: readonly ClaimedState[];
  readonly profiles: readonly ClaimedProfile[];
  /** Flags of `pair-notes.ts`. */
  readonly pairs: readonly number[];
  /** Places in `messages` of those that came before. */
  readonly known: readonly number[];
}

const BUSY: ClaimAnswer = { isBusy: true, states: [], profiles: [], pairs: [], known: [] };

/**
 * Locks and tells, what it tells being durable: a step that rests on what a crash takes back would find nothing here to do its part on. Costs the
 * identifiers, and the events of profiles that are given whole.
 */
export async function answerClaim(
  shard: Shard,
  locks: LockTable,
  slots: SlotMap,
  request: ClaimRequest,
): Promise<ClaimAnswer> {
  // Who asks does not know yet that slots have gone elsewhere: what is unknown here may be known there, and is not locked by being locked here.
  if (request.epoch < slots.ownersEpoch) return BUSY;
  const answer = lockAndTell(shard, locks, slots, request);
  const { log } = shard.storage;
  if (!answer.isBusy && log.durableSeq < shard.appliedSeq) await log.durable(shard.appliedSeq);
  return answer;
}

function lockAndTell(shard: Shard, locks: LockTable, slots: SlotMap, request: ClaimRequest): ClaimAnswer {
  const { holder, texts, pairs, messages, atMs } = request;
  const { data } = shard;
  const asked = request.identifiers.map(identifierOf);
  const found: Told[] = [];
  for (const [i, identifier] of asked.entries()) {
    const by = request.by[i];
    const told = toldOf(shard, slots, identifier, by === null ? undefined : identifierOf(by));
    if (told === undefined) return BUSY;
    found.push(told);
  }
  const rows = found.filter((row): row is number => typeof row === 'number');
  if (!locks.take(holder, [...texts, ...asked.map(textOf)], rows)) return BUSY;
  const whole = new Set(request.whole.map((identifier) => shard.rowOf(identifierOf(identifier))));
  const places = new Map<number, number>();
  const profiles: ClaimedProfile[] = [];
  const states = found.map((at): ClaimedState => {
    if (at === 'nobody') return [];
    if (typeof at !== 'number') return [wireOf(at)];
    let place = places.get(at);
    if (place === undefined) {
      place = profiles.length;
      places.set(at, place);
      const size = sizeOf(data, at);
      const isWhole = size <= WHOLE_UP_TO || whole.has(at);
      profiles.push({ parcel: packProfile(data, at, !isWhole), size, isWhole });
    }
    return place;
  });
  return {
    isBusy: false,
    states,
    profiles,
    pairs: pairs.map(([a, b]) => {
      const pair = [identifierOf(a), identifierOf(b)] as const;
      const isCut = data.pairs.has(pair[0], pair[1], PAIR_CUT);
      const isNoted = data.pairs.has(pair[0], pair[1], PAIR_REFUSAL_NOTED);
      return (isCut ? PAIR_CUT : 0) | (isNoted ? PAIR_REFUSAL_NOTED : 0);
    }),
    known: messages.flatMap(([hash, check], place) => (data.dedup.has(hash, check, atMs) ? [place] : [])),
  };
}

/** A row, nobody, or with what it is elsewhere. */
type Told = number | 'nobody' | Identifier;

/** Undefined: this shard cannot tell now. Only the owner of an identifier's slot knows that nobody has it. */
function toldOf(shard: Shard, slots: SlotMap, identifier: Identifier, by: Identifier | undefined): Told | undefined {
  const lead = leadOf(shard, slots, identifier, by);
  if (typeof lead === 'number') return lead;
  if (by === undefined && slots.shardOf(identifier) !== shard.index) return undefined;
  return typeof lead === 'object' ? lead.by : lead === 'nobody' ? lead : undefined;
}

export function identifierOf([type, value]: WireIdentifier): Identifier {
  return { type, value };
}

export function wireOf({ type, value }: Identifier): WireIdentifier {
  return [type, value];
}

/** Gives up: the shard that was asked for is gone or has another map. */
export function unavailable(shard: number): EngineError {
  return new EngineError('shard_unavailable', `shard ${shard} cannot be asked now; send again`, {
    retryAfterMs: 1_000,
    details: { shard },
  });
}
