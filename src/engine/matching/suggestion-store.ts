/**
 * Suggested pairs and what was decided about them, in memory, kept in `suggestions.json` and written before a change is seen. A pair that was
 * decided is not suggested again. Bounded: of more open ones the likeliest stay.
 */
import { xxh32 } from '../../base/hash.ts';
import { EngineError } from '../../model/error.ts';
import type { Suggestion, SuggestionPage, SuggestionState } from '../../model/matching.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SegmentRecord } from '../segment-store.ts';

const FORMAT_VERSION = 1;
export const OPEN_COUNT_MAX = 10_000;
/** Decisions that are remembered; the oldest are forgotten first. */
const DECIDED_COUNT_MAX = 50_000;

export class SuggestionStore {
  readonly #record: SegmentRecord | undefined;
  #byId: ReadonlyMap<string, Suggestion> = new Map();

  /** Errors: storage_failed when the record cannot be understood. */
  constructor(record: SegmentRecord | undefined) {
    this.#record = record;
    const content = record?.read() as { version?: unknown; suggestions?: readonly Suggestion[] } | undefined;
    if (content === undefined) return;
    if (content.version !== FORMAT_VERSION || !Array.isArray(content.suggestions)) {
      throw new EngineError(
        'storage_failed',
        `the suggestions have format ${String(content.version)}, not ${FORMAT_VERSION}`,
      );
    }
    this.#byId = new Map(content.suggestions.map((suggestion) => [suggestion.id, suggestion]));
  }

  get(id: string): Suggestion | undefined {
    return this.#byId.get(id);
  }

  /** Likeliest first. `cursor` = id of the last one seen. */
  page(state: SuggestionState, limit: number, cursor: string | undefined): SuggestionPage {
    const all = [...this.#byId.values()].filter((one) => one.state === state).sort(byLikelihood);
    const last = cursor === undefined ? undefined : this.#byId.get(cursor);
    if (cursor !== undefined && last === undefined) {
      throw new EngineError('invalid_cursor', 'the cursor is not one that a page of suggestions gave');
    }
    const start = last === undefined ? 0 : all.findIndex((one) => byLikelihood(one, last) > 0);
    const rest = start < 0 ? [] : all.slice(start);
    const page = rest.slice(0, limit);
    return { suggestions: page, ...(rest.length > limit ? { cursor: page[page.length - 1].id } : {}) };
  }

  /** Puts the new ones in place of those that are open; what was decided stays as it is. Gives how many are new. */
  replaceOpen(found: readonly Suggestion[]): number {
    const next = new Map([...this.#byId].filter(([, { state }]) => state !== 'open'));
    const fresh = found
      .filter(({ id }) => !next.has(id))
      .sort(byLikelihood)
      .slice(0, OPEN_COUNT_MAX);
    for (const suggestion of fresh) next.set(suggestion.id, suggestion);
    this.#write(next);
    return fresh.length;
  }

  decide(id: string, state: SuggestionState, decidedAt: string): Suggestion {
    const before = this.#byId.get(id);
    if (before === undefined)
      throw new EngineError('suggestion_not_found', `there is no suggestion ${JSON.stringify(id.slice(0, 64))}`);
    const decided = { ...before, state, decidedAt };
    this.#write(new Map(this.#byId).set(id, decided));
    return decided;
  }

  #write(next: Map<string, Suggestion>): void {
    const decided = [...next.values()].filter(({ state }) => state !== 'open');
    if (decided.length > DECIDED_COUNT_MAX) {
      decided.sort((a, b) => (a.decidedAt! < b.decidedAt! ? -1 : 1));
      for (const { id } of decided.slice(0, decided.length - DECIDED_COUNT_MAX)) next.delete(id);
    }
    this.#record?.write({ version: FORMAT_VERSION, suggestions: [...next.values()] });
    this.#byId = next;
  }
}

function byLikelihood(a: Suggestion, b: Suggestion): number {
  return b.weight - a.weight || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The same for both orders of a pair. */
export function suggestionId(a: Identifier, b: Identifier): string {
  const [first, second] = [`${a.type}:${a.value}`, `${b.type}:${b.value}`].sort();
  const bytes = Buffer.from(`${first}\u0000${second}`, 'utf8');
  const hex = (seed: number): string => xxh32(bytes, 0, bytes.length, seed).toString(16).padStart(8, '0');
  return `s_${hex(3)}${hex(4)}`;
}
