/**
 * What a shard is told about identity, apart from events: the words of the protocol by which profiles of several shards become one.
 * Each is a record of the log (`[3][msgpack]`), says all that was decided, and may be given twice: the second time nothing happens.
 * `router/README.md` tells the protocol.
 */
import { pack, unpack } from 'msgpackr';
import type { TraitSurvivorship } from '../model/identity.ts';
import type { JournalEntry, LinkReason } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import type { ProfileParcel } from '../profile/transfer.ts';

export const RECORD_IDENTITY = 3;

export type IdentifierPair = readonly [Identifier, Identifier];

export type IdentityCommand =
  /** Gives a profile identifiers that nobody has; they came in with `profile`, one of its identifiers. */
  | {
      readonly kind: 'attach';
      readonly profile: Identifier;
      readonly identifiers: readonly Identifier[];
      readonly atMs: number;
    }
  /** Notes that two identifiers of one profile came in one call. */
  | { readonly kind: 'link'; readonly pair: IdentifierPair; readonly atMs: number }
  /** Makes one profile of two that both live here. */
  | ({ readonly kind: 'merge'; readonly winner: Identifier; readonly loser: Identifier } & Joining)
  /** Cuts links between identifiers of one profile, which falls into its parts. `profile` is one of its identifiers. */
  | {
      readonly kind: 'split';
      readonly profile: Identifier;
      readonly cuts: readonly IdentifierPair[];
      readonly entry: JournalEntry;
    }
  /** A profile leaves for another shard, where it will be found under `target`. */
  | { readonly kind: 'depart'; readonly profile: Identifier; readonly target: Identifier }
  | ({ readonly kind: 'arrive'; readonly parcel: ProfileParcel } & Arrival)
  /** The record is a part of a step over several shards: it counts only if they all have theirs. */
  | ({ readonly kind: 'step' } & Step)
  /** In a cluster: the shard decided this step, and others have these parts in it, each a record of theirs. */
  | ({ readonly kind: 'hand_over' } & HandOver)
  /** In a cluster: the record is this shard's part of a step that another shard decided. */
  | { readonly kind: 'arrived'; readonly origin: number; readonly number: number }
  /** In a cluster: the slot's people are going to another shard, step by step; what is not here any more is there. */
  | { readonly kind: 'leave_slot'; readonly slot: number; readonly to: number }
  /** In a cluster: the slot is this shard's from now on. */
  | { readonly kind: 'take_slot'; readonly slot: number }
  /** Writes in the profile's journal. `pair`: and remembers that this refusal was noted. */
  | { readonly kind: 'note'; readonly profile: Identifier; readonly entry: JournalEntry }
  /** Remembers something of a pair of identifiers; the shard of the pair's owner is told. */
  | { readonly kind: 'pair'; readonly pair: IdentifierPair; readonly flag: number; readonly isOn: boolean }
  /** The identifier, whose slot is here, has a profile elsewhere, under `target`; under itself: nobody has it. */
  | { readonly kind: 'bind'; readonly identifier: Identifier; readonly target: Identifier }
  /** The identifier names its profile from now on. */
  | { readonly kind: 'rename'; readonly identifier: Identifier }
  | { readonly kind: 'survivorship'; readonly rules: readonly TraitSurvivorship[] }
  /** Forgets overwritten values of the participants of the history; their numbers are the same in every replay. */
  | { readonly kind: 'forget'; readonly slots: readonly number[]; readonly beforeMs: number };

export interface Step {
  /** Steps of an engine are numbered upwards. */
  readonly step: number;
  /** Indexes of the shards that have a part in it. */
  readonly shards: readonly number[];
}

/** What one shard decided and others have to do. */
export interface HandOver {
  /** Steps of a shard are numbered upwards. */
  readonly number: number;
  readonly parts: readonly StepPart[];
}

export interface StepPart {
  /** Index of the shard that it is for. */
  readonly shard: number;
  readonly record: Uint8Array;
}

/** What joins two profiles. */
export interface Joining {
  /** Whether the loser's name stays. */
  readonly isLoserNamed: boolean;
  readonly link: IdentifierPair;
  readonly atMs: number;
  readonly reason: LinkReason;
  /** The event that brought it about. */
  readonly messageId?: string | undefined;
}

/** What the profile that arrives becomes part of; absent = it stays a profile of its own. */
export interface Arrival {
  readonly into?: (Joining & { readonly winner: Identifier }) | undefined;
  readonly atMs: number;
}

export type IdentityCommandOf<K extends IdentityCommand['kind']> = Extract<IdentityCommand, { kind: K }>;

export function encodeIdentityCommand(command: IdentityCommand): Uint8Array {
  const body = pack(command);
  const record = new Uint8Array(body.length + 1);
  record[0] = RECORD_IDENTITY;
  record.set(body, 1);
  return record;
}

export function decodeIdentityCommand(record: Uint8Array): IdentityCommand {
  return unpack(record.subarray(1)) as IdentityCommand;
}
