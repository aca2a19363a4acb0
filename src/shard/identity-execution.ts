/**
 * Carries out identity commands on a shard's data. Every command names profiles by identifiers, never by rows, and looks whether it
 * was carried out already: so a replay, or a command that is given again after a crash, changes nothing.
 */
import { assert, unreachable } from '../base/assert.ts';
import { xxh32 } from '../base/hash.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { ItemScanner } from '../ingest/item-scanner.ts';
import type { Identifier } from '../model/profile.ts';
import { NONE } from '../profile/event-table.ts';
import { forgetBefore } from '../profile/history/forgetting.ts';
import { TYPE_ANONYMOUS_ID, TYPE_USER_ID } from '../profile/identifier-store.ts';
import { mergeRows } from '../profile/merge.ts';
import type { ShardData } from '../profile/shard-data.ts';
import { splitRow, unlink } from '../profile/split.ts';
import { releaseProfile, unpackProfile } from '../profile/transfer.ts';
import type { IdentityCommand, IdentityCommandOf, Joining } from './identity-command.ts';
import { textOf } from './identity-entry.ts';

const NO_BYTES = new Uint8Array(0);

export function executeIdentity(data: ShardData, command: IdentityCommand, scanner: ItemScanner): void {
  switch (command.kind) {
    case 'attach':
      return attach(data, command);
    case 'link':
      return link(data, command.pair[0], command.pair[1], command.atMs);
    case 'merge':
      return merge(data, command);
    case 'split':
      return split(data, command);
    case 'depart':
      return depart(data, command);
    case 'arrive':
      return arrive(data, command, scanner);
    case 'note': {
      const code = data.codeOf(command.profile);
      const row = rowOf(data, command.profile);
      if (row >= 0) data.note(row, command.entry, data.identifiers.ordinalOf(code));
      return;
    }
    case 'pair':
      return data.pairs.set(command.pair[0], command.pair[1], command.flag, command.isOn);
    case 'step':
      data.lastStep = command.step;
      return;
    case 'hand_over':
      data.lastStep = command.number;
      for (const { shard } of command.parts) data.handedOver.set(shard, command.number);
      return;
    case 'leave_slot':
      data.leftSlots.set(command.slot, command.to);
      return;
    case 'take_slot':
      data.leftSlots.delete(command.slot);
      return;
    case 'arrived':
      data.arrived.set(command.origin, command.number);
      return;
    case 'bind': {
      const bytes = Buffer.from(command.identifier.value, 'utf8');
      const typeId = data.identifiers.addType(command.identifier.type);
      const hash = xxh32(bytes, 0, bytes.length, data.hashSeed);
      // In a cluster word of where it was may come after its profile.
      if (rowOf(data, command.identifier) >= 0) return;
      const code = data.identifiers.addForward(typeId, bytes, hash, command.target);
      if (textOf(command.identifier) === textOf(command.target)) data.identifiers.free(code);
      return;
    }
    case 'rename': {
      const row = rowOf(data, command.identifier);
      if (row < 0) return;
      data.profiles.primaries.set(row, data.codeOf(command.identifier));
      data.cache.invalidate(row);
      return;
    }
    case 'survivorship':
      return data.traits.setSurvivorship(command.rules);
    case 'forget':
      return forgetBefore(data, command.slots, command.beforeMs);
    default:
      return unreachable(command);
  }
}

/** Row of the profile that has the identifier, when it lives here; else −1. */
function rowOf(data: ShardData, identifier: Identifier): number {
  const code = data.codeOf(identifier);
  if (code === 0) return -1;
  const row = data.identifiers.rowOf(code);
  return row === NONE ? -1 : row;
}

function attach(data: ShardData, { profile, identifiers, atMs }: IdentityCommandOf<'attach'>): void {
  const row = rowOf(data, profile);
  assert(row >= 0, 'identifiers for a profile that is not here');
  const parent = data.codeOf(profile);
  for (const { type, value } of identifiers) {
    if (rowOf(data, { type, value }) >= 0) continue;
    const bytes = Buffer.from(value, 'utf8');
    const hash = xxh32(bytes, 0, bytes.length, data.hashSeed);
    data.attach(row, data.identifiers.addType(type), bytes, 0, bytes.length, hash, parent, atMs);
  }
}

/** Two identifiers of one profile; linked ones stay as they are. */
function link(data: ShardData, a: Identifier, b: Identifier, atMs: number): void {
  linkCodes(data, data.codeOf(a), data.codeOf(b), atMs);
}

function linkCodes(data: ShardData, a: number, b: number, atMs: number): void {
  if (a !== 0 && b !== 0 && !areLinked(data, a, b)) data.links.add(a, b, atMs);
}

/** Whether the two came in one call once. */
export function areLinked({ identifiers, links }: ShardData, a: number, b: number): boolean {
  return a === b || identifiers.parentOf(a) === b || identifiers.parentOf(b) === a || links.has(a, b);
}

function merge(data: ShardData, command: IdentityCommandOf<'merge'>): void {
  const winner = rowOf(data, command.winner);
  const loser = rowOf(data, command.loser);
  assert(winner >= 0 && loser >= 0, 'a merge with a profile that is not here');
  if (winner === loser) return;
  const { primaries } = data.profiles;
  const winnerName = primaries.get(winner);
  const loserName = primaries.get(loser);
  mergeRows(data, winner, loser, command.isLoserNamed ? loser : winner);
  noteJoined(data, winner, command, winnerName, loserName);
}

/**
 * What a `merge` does, told by an item alone: the profile of its anonymousId becomes part of that of its userId, whose name stays; which of the two rows
 * stays is the one that the router found larger. Gives the code of the user's id.
 */
export function joinVisitor(
  data: ShardData,
  tape: EventTape,
  base: number,
  doesVisitorStay: boolean,
  atMs: number,
): number {
  const { identifiers, profiles } = data;
  const { items, bytes } = tape;
  const atUser = base + tapeOf.ITEM_USER;
  const atVisitor = base + tapeOf.ITEM_ANONYMOUS;
  const user = identifiers.find(TYPE_USER_ID, bytes, items[atUser], items[atUser + 1], items[atUser + 2]);
  const visitor = identifiers.find(
    TYPE_ANONYMOUS_ID,
    bytes,
    items[atVisitor],
    items[atVisitor + 1],
    items[atVisitor + 2],
  );
  assert(user !== 0 && visitor !== 0, 'a login of somebody who is not here');
  const userRow = identifiers.rowOf(user);
  const visitorRow = identifiers.rowOf(visitor);
  assert(userRow !== NONE && visitorRow !== NONE && userRow !== visitorRow, 'a login of two who both live here');
  const into = profiles.primaries.get(userRow);
  const merged = profiles.primaries.get(visitorRow);
  if (doesVisitorStay) mergeRows(data, visitorRow, userRow, userRow);
  else mergeRows(data, userRow, visitorRow, userRow);
  linkCodes(data, user, visitor, atMs);
  const length = items[base + tapeOf.ITEM_MESSAGE_ID + 1];
  const messageId =
    length > 0
      ? bytes.subarray(items[base + tapeOf.ITEM_MESSAGE_ID], items[base + tapeOf.ITEM_MESSAGE_ID] + length)
      : NO_BYTES;
  data.noteMerge({ from: user, to: visitor, into, merged, reason: 'event', atMs }, messageId);
  return user;
}

/** The link and the note of it, once both are one profile. `winner`, `loser`: codes of their names before. */
function noteJoined(data: ShardData, row: number, joining: Joining, winner: number, loser: number): void {
  const { link: pair, atMs, isLoserNamed, reason, messageId } = joining;
  const from = data.codeOf(pair[0]);
  const to = data.codeOf(pair[1]);
  assert(from !== 0 && data.identifiers.rowOf(from) === row && to !== 0, 'a link of a profile that is not here');
  linkCodes(data, from, to, atMs);
  const into = isLoserNamed ? loser : winner;
  const merged = isLoserNamed ? winner : loser;
  const bytes = messageId === undefined ? NO_BYTES : Buffer.from(messageId, 'utf8');
  data.noteMerge({ from, to, into, merged, reason, atMs }, bytes);
}

function split(data: ShardData, { profile, cuts, entry }: IdentityCommandOf<'split'>): void {
  const row = rowOf(data, profile);
  if (row < 0) return;
  let isCut = false;
  for (const [a, b] of cuts) {
    const codeA = data.codeOf(a);
    const codeB = data.codeOf(b);
    if (codeA === 0 || codeB === 0 || !areLinked(data, codeA, codeB)) continue;
    unlink(data, codeA, codeB);
    isCut = true;
  }
  if (!isCut) return;
  splitRow(data, row);
  // Both sides tell of it.
  for (const end of cuts[0]) {
    const at = rowOf(data, end);
    if (at >= 0) data.note(at, entry, data.identifiers.ordinalOf(data.codeOf(end)));
  }
}

function depart(data: ShardData, { profile, target }: IdentityCommandOf<'depart'>): void {
  const row = rowOf(data, profile);
  assert(row >= 0, 'a profile leaves that is not here');
  releaseProfile(data, row, target);
}

function arrive(data: ShardData, { parcel, into, atMs }: IdentityCommandOf<'arrive'>, scanner: ItemScanner): void {
  if (into === undefined) {
    unpackProfile(data, parcel, -1, scanner, atMs);
    return;
  }
  const winner = rowOf(data, into.winner);
  assert(winner >= 0, 'a profile arrives for one that is not here');
  const name = data.profiles.primaries.get(winner);
  unpackProfile(data, parcel, winner, scanner, atMs);
  const [type, value] = parcel.identifiers[parcel.primary];
  const arrivedName = data.codeOf({ type, value });
  data.namePreferring(winner, into.isLoserNamed ? arrivedName : name, into.isLoserNamed ? name : arrivedName);
  noteJoined(data, winner, into, name, arrivedName);
}
