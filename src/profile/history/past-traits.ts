/**
 * Some traits of all profiles of a shard as they were at a past moment, in columns like those of now, so that whatever reads the ones can
 * read the others: the same fold over the same calls, only that it stops at the moment. Also when each profile was first and last
 * seen by then, NaN where nothing was known of it.
 *
 * Made in slices and kept up to date: calls and events that come later and are of before the moment are taken in. Texts share the
 * dictionaries of the traits' own columns, except where a rule makes values that no call had. Lies in the shard's memory; no part of its state.
 */
import type { NameInterner } from '../../ingest/name-interner.ts';
import type { SlabMemory } from '../../memory/slab-memory.ts';
import { isEnrichment } from '../enrichment-mark.ts';
import type { EventTable } from '../event-table.ts';
import { ProfileTable } from '../profile-table.ts';
import type { SurvivorshipRules } from '../survivorship.ts';
import { foldTraits } from '../trait-fold.ts';

/** What is read of a shard. */
export interface PastSource {
  readonly memory: SlabMemory;
  readonly names: NameInterner;
  readonly hashSeed: number;
  readonly profiles: ProfileTable;
  readonly tables: readonly EventTable[];
  readonly history: EventTable;
  readonly survivorship: SurvivorshipRules;
  isDead(row: number): boolean;
}

export interface PastChoice {
  readonly atMs: number;
  /** First names of trait paths: all below them is folded. */
  readonly names: readonly string[];
  /** First and last seen too. */
  readonly hasSeen: boolean;
}

const NS_PER_PROFILE = 600;
const NS_PER_CALL = 150;
const NS_PER_TRAIT = 60;
const NS_PER_EVENT = 60;
const EVENTS_PER_STEP = 4_096;

export class PastTraits {
  /** Traits of the chosen names only; rows as in the shard's own table, `count` means nothing. */
  readonly profiles: ProfileTable;
  readonly choice: PastChoice;
  readonly #source: PastSource;
  readonly #rules: SurvivorshipRules;
  #traits: readonly number[] = [];
  #propertyCount = -1;
  /** Participants that are folded once; calls that came since are looked at one by one. */
  readonly #firstSlots: number;
  #nextSlot = 0;
  #nextCall: number;
  /** By table: events taken in. */
  readonly #nextEvents: number[] = [];

  constructor(source: PastSource, choice: PastChoice) {
    this.#source = source;
    this.choice = choice;
    this.#rules = source.survivorship;
    const { memory, names, profiles, history } = source;
    this.profiles = new ProfileTable(memory, {
      lenderOf: (path) =>
        this.#rules.of(names.segmentsOf(path))?.rule === 'union' ? undefined : profiles.columnAt(path, names),
    });
    this.#firstSlots = history.participantCount;
    this.#nextCall = history.eventCount;
  }

  /** Other rules are in force since: it is good for nothing any more. */
  get isVoid(): boolean {
    return this.#source.survivorship !== this.#rules;
  }

  get sizeBytes(): number {
    return this.profiles.usedBytes;
  }

  /** Estimated cost of what is not taken in yet; 0 = it is as of this turn. */
  get costNs(): number {
    const { history, profiles, tables } = this.#source;
    const { choice } = this;
    let costNs = 0;
    if (choice.names.length > 0) {
      const share = (this.#firstSlots - this.#nextSlot) / Math.max(1, history.participantCount);
      costNs += (this.#firstSlots - this.#nextSlot) * NS_PER_PROFILE;
      costNs += share * history.eventCount * this.#callNs + (history.eventCount - this.#nextCall) * NS_PER_CALL;
    }
    if (choice.hasSeen) {
      costNs += (profiles.count - this.profiles.firstSeen.length) * NS_PER_EVENT;
      for (const [i, table] of [...tables, history].entries()) {
        costNs += (table.eventCount - (this.#nextEvents[this.#place(i)] ?? 0)) * NS_PER_EVENT;
      }
    }
    return costNs;
  }

  get #callNs(): number {
    return NS_PER_CALL + this.#traits.length * NS_PER_TRAIT;
  }

  /** Works for about `costNs`; true when nothing is left. */
  work(costNs: number): boolean {
    let left = this.choice.names.length > 0 ? this.#foldSlots(costNs) : costNs;
    if (left > 0 && this.choice.names.length > 0) left = this.#takeCalls(left);
    if (left > 0 && this.choice.hasSeen) left = this.#takeEvents(left);
    return left > 0;
  }

  /** What is left of the budget; nothing = there is more to do. */
  #foldSlots(budgetNs: number): number {
    const { history } = this.#source;
    let left = budgetNs;
    while (this.#nextSlot < this.#firstSlots) {
      if (left <= 0) return 0;
      left -= this.#fold(history.participantRows.get(this.#nextSlot));
      this.#nextSlot += 1;
    }
    return left;
  }

  #takeCalls(budgetNs: number): number {
    const { history } = this.#source;
    const { atMs } = this.choice;
    let left = budgetNs;
    const changed = new Set<number>();
    for (; this.#nextCall < history.eventCount; this.#nextCall += 1) {
      if (left <= 0) break;
      left -= NS_PER_CALL;
      if (history.times.get(this.#nextCall) > atMs) continue;
      const row = history.rows.get(this.#nextCall);
      if (changed.has(row)) continue;
      changed.add(row);
      // With all of its calls, those behind this one too.
      left -= this.#fold(row);
    }
    return this.#nextCall < history.eventCount ? 0 : left;
  }

  #fold(row: number): number {
    const source = this.#source;
    if (source.isDead(row)) return NS_PER_CALL;
    this.#chooseTraits();
    const { history, names, hashSeed } = source;
    const parts = { profiles: this.profiles, history, names, hashSeed };
    const range = { untilMs: this.choice.atMs, traits: this.#traits };
    return NS_PER_PROFILE + foldTraits(parts, row, this.#rules, range) * this.#callNs;
  }

  #chooseTraits(): void {
    const { properties } = this.#source.history;
    if (properties.length === this.#propertyCount) return;
    const names = new Set(this.choice.names);
    this.#traits = properties.flatMap(({ segments }, i) => (names.has(segments[0]) ? [i] : []));
    this.#propertyCount = properties.length;
  }

  #takeEvents(budgetNs: number): number {
    const { tables, history, profiles } = this.#source;
    const { firstSeen, lastSeen } = this.profiles;
    let left = budgetNs;
    while (firstSeen.length < profiles.count) {
      if (left <= 0) return 0;
      for (let i = 0; i < EVENTS_PER_STEP && firstSeen.length < profiles.count; i++) {
        firstSeen.push(Number.NaN);
        lastSeen.push(Number.NaN);
      }
      left -= EVENTS_PER_STEP * NS_PER_EVENT;
    }
    for (const [i, table] of [...tables, history].entries()) {
      const place = this.#place(i);
      for (;;) {
        const from = this.#nextEvents[place] ?? 0;
        const until = Math.min(table.eventCount, from + EVENTS_PER_STEP);
        if (from === until) break;
        if (left <= 0) return 0;
        for (let index = from; index < until; index++) {
          if (table === history && isEnrichment(history, index)) continue;
          this.#see(table.rows.get(index), table.times.get(index));
        }
        this.#nextEvents[place] = until;
        left -= (until - from) * NS_PER_EVENT;
      }
    }
    return left;
  }

  /** Tables come behind the history, which is always there. */
  #place(i: number): number {
    return i === this.#source.tables.length ? 0 : i + 1;
  }

  #see(row: number, timeMs: number): void {
    if (timeMs > this.choice.atMs) return;
    const { firstSeen, lastSeen } = this.profiles;
    if (!(firstSeen.get(row) <= timeMs)) firstSeen.set(row, timeMs);
    if (!(lastSeen.get(row) >= timeMs)) lastSeen.set(row, timeMs);
  }

  /** Nobody uses it afterwards. */
  free(): void {
    this.profiles.free();
  }
}
