/**
 * What of people's identifiers is at hand. In one process all of it is. In a cluster a shard process has its own shard, and for a step that
 * concerns others it fetches what it needs of them; then what is not at hand must be told apart from what nobody has.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import type { Identifier } from '../model/profile.ts';
import type { StepPart } from '../shard/identity-command.ts';
import type { BatchHeader } from '../shard/record.ts';
import type { Shard } from '../shard/shard.ts';
import type { ProfileAddress } from './profile-address.ts';

/** Why an item cannot be decided here and now. */
export interface OutOfReach {
  /** The profile that has the item's primary lives there: the item is that shard's. */
  readonly relayTo?: number | undefined;
  /** Another step has something of this in hand: to be tried again when it is done. */
  readonly isHeld?: boolean | undefined;
  /** All that the item brings. */
  readonly identifiers: readonly Identifier[];
  /** To be fetched first. */
  readonly unknown: readonly Identifier[];
  /** Profiles, by one of their identifiers, that may have to move and were fetched without their events. */
  readonly incomplete: readonly Identifier[];
  /** Every pair of which something may be noted elsewhere. */
  readonly pairs: readonly (readonly [Identifier, Identifier])[];
  /** Of the item's primary, for its message id to be looked up where its profile lives. */
  readonly primary?: Identifier | undefined;
}

export interface Reach {
  /** The one shard that is here. */
  readonly own: Shard;
  /** Whether another step has the profile in hand. */
  isHeld(row: number): boolean;
  /** Whether a profile may be made here for a user or visitor whom this shard does not know. */
  mayMake(tape: EventTape, field: number, isUser: boolean): boolean;
  /** Undefined: all that an item with these identifiers, strongest first, needs is at hand. */
  lacks(identifiers: readonly Identifier[]): OutOfReach | undefined;
  /** As `lacks`, of profiles that are to become one. */
  lacksEvents(profiles: readonly ProfileAddress[]): OutOfReach | undefined;
  /** Ends a batch for the shards that are elsewhere: what each has to do, when it is something. */
  takeParts(source: Uint8Array, header: BatchHeader): readonly StepPart[];
}
