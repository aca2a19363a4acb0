/**
 * Gives slots of this shard to another one while both serve. Identifiers and profiles of the slots are frozen: what would change them waits, who asks
 * for them is answered. Then they go over in steps, like profiles that merge: each step is whole or not at all, and after
 * a crash goes on where it stopped. What has gone is asked for over there from the first step on, whatever the map says. When
 * all is over, the supervisor puts the new owner into the map, tells the new owner first, and the freeze ends here when this shard hears of it.
 * What was begun is gone on with to where it was begun: some of the people are over there already.
 *
 * Costs the slots' events twice over the link and a freeze of as long; a slot is a thousandth of the data.
 */

import { parseIdentifierText } from '../../engine/identity/graph.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import { NONE } from '../../profile/event-table.ts';
import { PAIR_CUT, PAIR_REFUSAL_NOTED } from '../../profile/pair-notes.ts';
import { packProfile } from '../../profile/transfer.ts';
import type { Directory } from '../../router/directory.ts';
import { pairKey } from '../../router/joiner.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { HandOver, IdentityCommand } from '../../shard/identity-command.ts';
import { textOf } from '../../shard/identity-entry.ts';
import { type BatchHeader, RecordBuilder } from '../../shard/record.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Fence } from '../step/fence.ts';
import type { LockTable } from '../step/lock-table.ts';
import type { Outbox } from '../step/outbox.ts';
import { SlotIndex } from './slot-index.ts';

/** Events and calls in one step: some megabytes. */
const STEP_SIZE = 8_192;
const FORWARDS_PER_STEP = 8_192;
const PAUSE_MS = 20;
const NO_BYTES = new Uint8Array(0);

export interface SlotMoverParts {
  readonly own: Shard;
  readonly slots: SlotMap;
  readonly directory: Directory;
  readonly locks: LockTable;
  readonly outbox: Outbox;
  readonly fence: Fence;
  readonly clock: Clock;
  readonly onFatal: (error: unknown) => void;
  /** Slots left are looked for elsewhere from now on. */
  readonly onLeft: () => void;
}

export class SlotMover {
  readonly #parts: SlotMoverParts;
  #index: SlotIndex | undefined;
  #frozen: ReadonlySet<number> = new Set();
  /** Asked for and not over. */
  readonly #underWay = new Set<BegunMove>();
  #isClosed = false;
  /** One after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: SlotMoverParts) {
    this.#parts = parts;
  }

  get frozenSlots(): ReadonlySet<number> {
    return this.#frozen;
  }

  /** What the last process began is not served before it is over. */
  restore(): void {
    const { own } = this.#parts;
    if (own.data.leftSlots.size === 0) return;
    const begun = [...own.data.leftSlots.keys()].filter((slot) => this.#isOwned(slot));
    if (begun.length > 0) this.#freeze(new Set(begun));
  }

  /** By the map, not by what was left. */
  #isOwned: (slot: number) => boolean = () => true;

  /** How the map is asked. */
  useOwner(isOwned: (slot: number) => boolean): void {
    this.#isOwned = isOwned;
  }

  /** What this process or one before it began to give and the map does not have elsewhere yet: to be gone on with before anything else. */
  begun(): BegunMove[] {
    const byShard = new Map<number, Set<number>>();
    const add = (slot: number, to: number): void => {
      const slots = byShard.get(to) ?? new Set();
      byShard.set(to, slots.add(slot));
    };
    for (const [slot, to] of this.#parts.own.data.leftSlots) if (this.#isOwned(slot)) add(slot, to);
    for (const { slots, to } of this.#underWay) for (const slot of slots) add(slot, to);
    return [...byShard].map(([to, slots]) => ({ to, slots: [...slots].sort((a, b) => a - b) }));
  }

  /** Nothing more is given; the next process goes on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when all of the slots is on the other shard's disk. Again is as good as once. Errors: invalid_request for slots that were begun to be given to another. */
  async move(slots: readonly number[], to: number): Promise<{ readonly profiles: number }> {
    const move = { slots, to };
    for (const begun of this.begun()) {
      const slot = begun.to === to ? undefined : begun.slots.find((one) => slots.includes(one));
      if (slot === undefined) continue;
      throw new EngineError('invalid_request', `slot ${slot} is on its way to shard ${begun.to}`);
    }
    this.#underWay.add(move);
    const run = this.#last.then(() => this.#move(new Set(slots), to));
    this.#last = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      this.#underWay.delete(move);
    }
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new EngineError('shutting_down', 'the shard stops; its next process goes on');
  }

  async #move(slots: ReadonlySet<number>, to: number): Promise<{ readonly profiles: number }> {
    const { own, clock, locks } = this.#parts;
    this.#assertOpen();
    this.#index ??= new SlotIndex(own, this.#parts.slots);
    await this.#index.catchUp(() => clock.yieldTurn());
    this.#freeze(slots);
    while (locks.isFrozenHeld) {
      this.#assertOpen();
      await new Promise<void>((resolve) => {
        const cancel = clock.after(PAUSE_MS, resolve);
        void locks.whenReleased().then(() => {
          cancel();
          resolve();
        });
      });
    }
    let profiles = 0;
    const sent: Promise<void>[] = [];
    const steps = this.#stepsOf(this.#index, slots);
    for (;;) {
      await this.#parts.fence.whenOpen();
      this.#assertOpen();
      // Made in the turn in which it is handed over: what is known of who lives elsewhere changes, frozen or not.
      const step = steps.next();
      if (step.done === true) break;
      profiles += step.value.leaving.length;
      sent.push(this.#handOver(step.value, slots, to));
      await clock.yieldTurn();
    }
    sent.push(this.#close(slots, to));
    await Promise.all(sent);
    return { profiles };
  }

  #freeze(slots: ReadonlySet<number>): void {
    const { own, slots: map, directory, locks } = this.#parts;
    this.#frozen = new Set([...this.#frozen, ...slots]);
    const frozen = this.#frozen;
    locks.freeze({
      hasText: (text) => frozen.has(map.slotOf(parseIdentifierText(text))),
      hasRow: (row) => !own.data.isDead(row) && frozen.has(map.slotOf(directory.homeKeyOf({ shard: own, row }))),
    });
  }

  /** The map says who has the slots now: what waited goes on, to wherever it belongs. */
  thaw(): void {
    const left = [...this.#frozen].filter((slot) => this.#isOwned(slot));
    if (left.length === this.#frozen.size) return;
    this.#frozen = new Set();
    if (left.length === 0) this.#parts.locks.thaw();
    else this.#freeze(new Set(left));
  }

  /** What is to go, in steps of bounded size: first who lives elsewhere, then who lives here. What went over before a restart is told again: it is as true as it was. */
  *#stepsOf(index: SlotIndex, slots: ReadonlySet<number>): Generator<MoveStep, void, void> {
    const { own, slots: map, directory } = this.#parts;
    const { identifiers } = own.data;
    const codes = index.codesIn(slots);
    const away = codes.filter((code) => identifiers.rowOf(code) === NONE);
    const here = codes.filter((code) => identifiers.rowOf(code) !== NONE);
    const seen = new Set<number>();
    let leaving: Identifier[] = [];
    let forwards: MoveForward[] = [];
    let size = 0;
    for (const code of [...away, ...here]) {
      const identifier = identifiers.identifierOf(code);
      const row = identifiers.rowOf(code);
      if (row === NONE) {
        // Nobody has it: what the other shard knew of it when it had the slot before must not stand.
        const target = identifiers.forwardOf(code);
        if (target === undefined) forwards.push({ identifier, target: identifier });
        // One that leads to itself has left with these slots.
        else if (textOf(target) !== textOf(identifier)) forwards.push({ identifier, target });
      } else if (!seen.has(row)) {
        const home = directory.homeKeyOf({ shard: own, row });
        if (slots.has(map.slotOf(home))) {
          seen.add(row);
          leaving.push(home);
          size += 1 + directory.sizeOf({ shard: own, row });
        } else forwards.push({ identifier, target: home });
      }
      if (size < STEP_SIZE && forwards.length < FORWARDS_PER_STEP) continue;
      yield { leaving, forwards };
      leaving = [];
      forwards = [];
      size = 0;
    }
    if (leaving.length > 0 || forwards.length > 0) yield { leaving, forwards };
  }

  /** The last step: notes of pairs go over, and with them the slots themselves. Notes that stayed would stand again when the slot comes back. */
  #close(slots: ReadonlySet<number>, to: number): Promise<void> {
    const { own, slots: map } = this.#parts;
    const closing: IdentityCommand[] = [];
    for (const { pair, flags } of own.data.pairs.entries()) {
      if (!slots.has(map.slotOf(pairKey(pair)))) continue;
      for (const flag of [PAIR_CUT, PAIR_REFUSAL_NOTED]) {
        if ((flags & flag) !== 0) closing.push({ kind: 'pair', pair, flag, isOn: true });
      }
    }
    const taken = closing.map((command) => (command.kind === 'pair' ? { ...command, isOn: false } : command));
    for (const slot of slots) closing.push({ kind: 'take_slot', slot });
    return this.#handOver({ leaving: [], forwards: [] }, slots, to, closing, taken);
  }

  /** One step, in one turn; resolves when it is on the other's disk. */
  #handOver(
    step: MoveStep,
    slots: ReadonlySet<number>,
    to: number,
    closing: readonly IdentityCommand[] = [],
    takenHere: readonly IdentityCommand[] = [],
  ): Promise<void> {
    const { own, outbox, onFatal, onLeft, clock } = this.#parts;
    const number = own.data.lastStep + 1;
    const atMs = clock.nowMs();
    const header: BatchHeader = {
      receivedAtMs: atMs,
      sentAtMs: Number.NaN,
      isImport: false,
      defaultKind: 0,
      idSeedHigh: 0,
      idSeedLow: 0,
    };
    try {
      const part = new RecordBuilder();
      part.addCommand({ kind: 'arrived', origin: own.index, number });
      for (const profile of step.leaving) {
        const row = own.rowOf(profile);
        if (typeof row !== 'number' || row < 0) continue;
        part.addCommand({ kind: 'arrive', parcel: packProfile(own.data, row), atMs });
        own.commandInBatch({ kind: 'depart', profile, target: profile });
      }
      for (const { identifier, target } of step.forwards) part.addCommand({ kind: 'bind', identifier, target });
      for (const command of closing) part.addCommand(command);
      for (const command of takenHere) own.commandInBatch(command);
      for (const slot of slots) own.commandInBatch({ kind: 'leave_slot', slot, to });
      const parts = [{ shard: to, record: Uint8Array.from(part.finish(NO_BYTES, header)) }];
      const handOver: HandOver = { number, parts };
      own.commandInBatch({ kind: 'hand_over', ...handOver });
      const seq = own.commit(NO_BYTES, header);
      onLeft();
      const sent = outbox.send(handOver, seq);
      // A disk that failed: the memory is ahead of it.
      sent.catch(onFatal);
      return sent;
    } catch (error) {
      onFatal(error);
      throw error;
    }
  }
}

/** Slots on their way to a shard. */
export interface BegunMove {
  readonly slots: readonly number[];
  readonly to: number;
}

interface MoveForward {
  readonly identifier: Identifier;
  readonly target: Identifier;
}

interface MoveStep {
  /** Home keys of profiles. */
  readonly leaving: readonly Identifier[];
  readonly forwards: readonly MoveForward[];
}
