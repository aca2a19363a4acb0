/**
 * Keeps the traits of profiles what a fold over their calls gives, as calls come and rules change. A call that is the newest of its profile
 * is one step of the fold and costs its own traits; one that comes late notes the profile, which is folded once, whatever came for it since.
 *
 * Invariant: after `foldNow` the traits of every living profile are `foldTraits` of its calls. Who looks at traits calls that before.
 */
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_CONTEXT } from '../ingest/name-interner.ts';
import type { TraitSurvivorship } from '../model/identity.ts';
import type { DeadRows } from './dead-rows.ts';
import { ENRICHMENT_MARK, markOf } from './enrichment-mark.ts';
import { type EventTable, NONE } from './event-table.ts';
import type { ProfileTable } from './profile-table.ts';
import type { RenderCache } from './render-cache.ts';
import { SurvivorshipRules } from './survivorship.ts';
import { foldTraits } from './trait-fold.ts';
import { privateSlot } from './trait-history.ts';

/** Profiles with fewer calls are folded anew whenever one comes. */
const REMEMBER_FROM_CALLS = 32;
const REMEMBERED_CALLS_MAX = 4_096;

export interface CurrentTraitsParts {
  readonly profiles: ProfileTable;
  /** The calls. */
  readonly history: EventTable;
  readonly names: NameInterner;
  readonly hashSeed: number;
  readonly dead: DeadRows;
  readonly cache: RenderCache;
}

export class CurrentTraits {
  readonly #parts: CurrentTraitsParts;
  readonly #profiles: ProfileTable;
  readonly #history: EventTable;
  readonly #names: NameInterner;
  #rules: readonly TraitSurvivorship[];
  /** Made of the rules. */
  survivorship: SurvivorshipRules;
  readonly #unfolded = new Set<number>();
  /** By slot of the history: the greatest time of a large profile's calls, known since their last fold, where they did not come in order. */
  readonly #newestCalls = new Map<number, number>();
  #markPathId = -1;

  constructor(parts: CurrentTraitsParts, rules: readonly TraitSurvivorship[]) {
    this.#parts = parts;
    this.#profiles = parts.profiles;
    this.#history = parts.history;
    this.#names = parts.names;
    this.#rules = rules;
    this.survivorship = new SurvivorshipRules(rules);
  }

  /** As they are saved. */
  get rules(): readonly TraitSurvivorship[] {
    return this.#rules;
  }

  /** Keeps the call and brings the traits up to date: at once when it is the newest of the profile, else by a fold over all of them. */
  apply(tape: EventTape, item: number, row: number, timeMs: number, arrival: number, origin: number): void {
    const history = this.#history;
    const profiles = this.#profiles;
    const names = this.#names;
    const slot = privateSlot(history, row);
    const mark = markOf(tape, item, this.#markPath());
    if (mark === 0) profiles.see(row, timeMs);
    const newestMs = this.#newestCallMs(slot);
    const isLast = mark !== tapeOf.LEAF_TRUE && this.survivorship.isPlain && newestMs <= timeMs;
    const isNewest = history.participantLasts.get(slot) === NONE || isLast;
    history.append(tape, item, row, slot, timeMs, arrival, origin, names);
    if (this.#newestCalls.has(slot)) this.#newestCalls.set(slot, Math.max(newestMs, timeMs));
    if (isNewest) profiles.setTraits(row, tape, item, timeMs, names);
    else {
      profiles.seeTraits(tape, item, timeMs, names);
      this.foldLater(row);
    }
  }

  /** The profile's traits are folded anew before anybody reads them: many calls that come late cost one fold. */
  foldLater(row: number): void {
    this.#unfolded.add(row);
  }

  foldNow(): void {
    if (this.#unfolded.size === 0) return;
    for (const row of this.#unfolded) {
      if (this.#parts.dead.has(row)) continue;
      foldTraits(this.#parts, row, this.survivorship);
      this.#rememberNewestCall(row);
    }
    this.#unfolded.clear();
  }

  /** Whether these rules of survivorship are in force. */
  isSurvivorship(rules: readonly TraitSurvivorship[]): boolean {
    const isPlain = new SurvivorshipRules(rules).isPlain && this.survivorship.isPlain;
    return isPlain || JSON.stringify(rules) === JSON.stringify(this.#rules);
  }

  /** Puts other rules of survivorship in force. Costs a fold of each profile with two calls or more: one call has nothing to choose from. */
  setSurvivorship(rules: readonly TraitSurvivorship[]): void {
    this.foldNow();
    this.#rules = rules;
    this.survivorship = new SurvivorshipRules(rules);
    const history = this.#history;
    const { dead, cache } = this.#parts;
    for (let slot = 0; slot < history.participantCount; slot++) {
      const row = history.participantRows.get(slot);
      if (dead.has(row) || history.countAt(slot) < 2) continue;
      foldTraits(this.#parts, row, this.survivorship);
      cache.invalidate(row);
    }
  }

  /** The greatest time of the calls; infinity = a fold must tell. */
  #newestCallMs(slot: number): number {
    const history = this.#history;
    if (!history.isOrdered(slot)) return this.#newestCalls.get(slot) ?? Number.POSITIVE_INFINITY;
    const last = history.participantLasts.get(slot);
    return last === NONE ? Number.NEGATIVE_INFINITY : history.times.get(last);
  }

  /** So that one late call does not make each later one cost a fold. */
  #rememberNewestCall(row: number): void {
    const history = this.#history;
    const slot = history.slotOf(row);
    if (slot < 0 || history.isOrdered(slot) || history.countAt(slot) < REMEMBER_FROM_CALLS) return;
    if (this.#newestCalls.size >= REMEMBERED_CALLS_MAX) this.#newestCalls.clear();
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const call of history.eventsOf(slot)) newestMs = Math.max(newestMs, history.times.get(call));
    this.#newestCalls.set(slot, newestMs);
  }

  /** Learned when it is needed: the engine's own names come first. */
  #markPath(): number {
    if (this.#markPathId < 0) this.#markPathId = this.#names.path(ROOT_CONTEXT, ENRICHMENT_MARK);
    return this.#markPathId;
  }
}
