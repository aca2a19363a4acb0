/**
 * Suggested pairs and what was decided about them, in memory, kept as lines in `suggestions.ndjson`: a run writes all of them anew, a
 * decision adds one line, and both are on disk before they are seen. A pair that was decided is not suggested again. Bounded: of more
 * open ones the likeliest stay.
 */
import { xxh32 } from '../../base/hash.ts';
import { EngineError } from '../../model/error.ts';
import type { Suggestion, SuggestionPage, SuggestionState } from '../../model/matching.ts';
import type { Identifier } from '../../model/profile.ts';
import { textOf } from '../../shard/identity-entry.ts';

const FORMAT_VERSION = 1;
export const OPEN_COUNT_MAX = 10_000;
/** Decisions that are remembered; a run forgets the oldest first. */
const DECIDED_COUNT_MAX = 50_000;
const CURSOR = /^(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)~(s_[0-9a-f]{16})$/;

/** Where the lines lie between two lives of the engine. */
export interface SuggestionRecord {
  /** Empty when nothing was ever written. Errors: storage_failed. */
  read(): readonly unknown[];
  /** On disk when it returns. Errors: storage_failed. */
  append(line: unknown): void;
  /** Puts these in place of all, whole or not at all; asks `pause` between portions. Errors: storage_failed. */
  rewrite(lines: Iterable<unknown>, pause: () => Promise<void>): Promise<void>;
}

interface Decision {
  readonly id: string;
  readonly state: SuggestionState;
  readonly decidedAt: string;
}

export class SuggestionStore {
  readonly #record: SuggestionRecord | undefined;
  #byId = new Map<string, Suggestion>();
  /** Likeliest first. */
  #lists: Record<SuggestionState, readonly Suggestion[]> = { open: [], accepted: [], rejected: [] };
  /** By text of an identifier: the others of the pairs that were rejected. */
  #rejected = new Map<string, Identifier[]>();

  /** Errors: storage_failed when the record cannot be understood. */
  constructor(record: SuggestionRecord | undefined) {
    this.#record = record;
    const [head, ...lines] = record?.read() ?? [];
    if (head === undefined) return;
    const { version } = head as { version?: unknown };
    if (version !== FORMAT_VERSION) {
      const message = `the suggestions have format ${String(version)}, not ${FORMAT_VERSION}`;
      throw new EngineError('storage_failed', message);
    }
    const next = new Map<string, Suggestion>();
    for (const line of lines as (Suggestion | Decision)[]) {
      const before = next.get(line.id);
      if (before !== undefined) next.set(line.id, { ...before, ...line });
      else if ('a' in line) next.set(line.id, line);
    }
    this.#take(next);
  }

  get(id: string): Suggestion | undefined {
    return this.#byId.get(id);
  }

  isDecided(id: string): boolean {
    return (this.#byId.get(id)?.state ?? 'open') !== 'open';
  }

  /** The other identifiers of rejected pairs with this one. */
  rejectedWith(identifier: Identifier): readonly Identifier[] {
    return this.#rejected.get(textOf(identifier)) ?? [];
  }

  /** Likeliest first, of those that `isShown`. Errors: invalid_cursor. */
  page(
    state: SuggestionState,
    limit: number,
    cursor?: string | undefined,
    isShown: (suggestion: Suggestion) => boolean = () => true,
  ): SuggestionPage {
    const shown: Suggestion[] = [];
    for (const suggestion of this.after(state, cursor)) {
      if (shown.length > limit) break;
      if (isShown(suggestion)) shown.push(suggestion);
    }
    return pageOf(shown, limit);
  }

  /** Likeliest first, as they are now. Errors: invalid_cursor. */
  after(state: SuggestionState, cursor: string | undefined): Iterable<Suggestion> {
    const all = this.#lists[state];
    return cursor === undefined ? all : all.slice(placeAfter(all, cursor));
  }

  /** Puts the new ones in place of those that are open; what was decided stays as it is. Gives how many are open now. */
  async replaceOpen(found: readonly Suggestion[], pause: () => Promise<void>): Promise<number> {
    const decided = [...this.#byId.values()].filter(({ state }) => state !== 'open');
    if (decided.length > DECIDED_COUNT_MAX) {
      decided.sort((a, b) => (a.decidedAt! < b.decidedAt! ? -1 : 1)).splice(0, decided.length - DECIDED_COUNT_MAX);
    }
    const next = new Map(decided.map((suggestion) => [suggestion.id, suggestion]));
    const open = found
      .filter(({ id }) => !next.has(id))
      .sort(byLikelihood)
      .slice(0, OPEN_COUNT_MAX);
    for (const suggestion of open) next.set(suggestion.id, suggestion);
    await this.#record?.rewrite(linesOf(next), pause);
    this.#take(next);
    return open.length;
  }

  /** Errors: suggestion_not_found, storage_failed. */
  decide(id: string, state: SuggestionState, decidedAt: string): Suggestion {
    const before = this.#byId.get(id);
    if (before === undefined) throw suggestionNotFound(id);
    const decision: Decision = { id, state, decidedAt };
    this.#record?.append(decision);
    const decided = { ...before, ...decision };
    this.#byId.set(id, decided);
    this.#lists[before.state] = this.#lists[before.state].filter((one) => one.id !== id);
    this.#lists[state] = [...this.#lists[state], decided].sort(byLikelihood);
    if (state === 'rejected') this.#keepApart(decided);
    return decided;
  }

  #take(next: Map<string, Suggestion>): void {
    this.#byId = next;
    this.#rejected = new Map();
    const all = [...next.values()].sort(byLikelihood);
    const of = (state: SuggestionState): Suggestion[] => all.filter((one) => one.state === state);
    this.#lists = { open: of('open'), accepted: of('accepted'), rejected: of('rejected') };
    for (const suggestion of this.#lists.rejected) this.#keepApart(suggestion);
  }

  #keepApart({ a, b }: Suggestion): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ]) {
      const others = this.#rejected.get(textOf(one));
      if (others === undefined) this.#rejected.set(textOf(one), [other]);
      else others.push(other);
    }
  }
}

/** The first `limit` of these, and where to go on if there are more. */
export function pageOf(shown: readonly Suggestion[], limit: number): SuggestionPage {
  if (shown.length <= limit) return { suggestions: shown };
  const suggestions = shown.slice(0, limit);
  const { weight, id } = suggestions[limit - 1];
  return { suggestions, cursor: `${weight}~${id}` };
}

function* linesOf(suggestions: ReadonlyMap<string, Suggestion>): Generator<unknown> {
  yield { version: FORMAT_VERSION };
  yield* suggestions.values();
}

export function suggestionNotFound(id: string): EngineError {
  const message = `there is no suggestion ${JSON.stringify(id.slice(0, 64))}; a later run may have put others in its place`;
  return new EngineError('suggestion_not_found', message);
}

function byLikelihood(a: Pick<Suggestion, 'weight' | 'id'>, b: Pick<Suggestion, 'weight' | 'id'>): number {
  return b.weight - a.weight || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The cursor says a place and not a suggestion, which may be decided or gone by now. */
function placeAfter(all: readonly Suggestion[], cursor: string): number {
  const match = CURSOR.exec(cursor);
  if (match === null) {
    throw new EngineError('invalid_cursor', 'the cursor is not one that a page of suggestions gave');
  }
  const last = { weight: Number(match[1]), id: match[2] };
  const place = all.findIndex((one) => byLikelihood(one, last) > 0);
  return place < 0 ? all.length : place;
}

/** The same for both orders of a pair. */
export function suggestionId(a: Identifier, b: Identifier): string {
  const [first, second] = [textOf(a), textOf(b)].sort();
  const bytes = Buffer.from(`${first}\u0000${second}`, 'utf8');
  const hex = (seed: number): string => xxh32(bytes, 0, bytes.length, seed).toString(16).padStart(8, '0');
  return `s_${hex(3)}${hex(4)}`;
}
