/** What may be typed next in a query text: the grammar says which kind of thing, the data says which ones there are. */
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import type { Completion, CompletionAnswer, CompletionRequest } from '../../model/schema.ts';
import { type CompletionPlace, completionPlace } from '../../query/parser/completion-place.ts';
import { printName, printText } from '../../query/parser/print-leaf.ts';
import { isBareName } from '../../query/parser/token.ts';
import type { Slot } from '../../query/parser/token-stream.ts';
import { type MergedSlot, type MergedValue, mergeCompletion } from './completion-merge.ts';
import { type CompletionAsk, type CompletionPart, type SlotAsk, slotAsk } from './completion-part.ts';
import type { Usage } from './known-names.ts';
import type { KnownValue } from './known-values.ts';
import { GUESS_RANK, matchRank } from './match.ts';

const DEFAULT_LIMIT = 20;
const LIMIT_MAX = 200;

interface Candidate extends Completion {
  readonly rank: number;
  readonly weight: number;
}

/** Every shard's answer, in the order of the shards: of this process or of others. */
export type AskShards = (ask: CompletionAsk) => Promise<readonly CompletionPart[]>;

export class Completer {
  readonly #segments: { keys(): Iterable<string> };
  readonly #ask: AskShards;

  constructor(segments: { keys(): Iterable<string> }, ask: AskShards) {
    this.#segments = segments;
    this.#ask = ask;
  }

  /** Errors: query_invalid, query_too_large. A text that is wrong before the cursor has no completions. */
  async complete(request: CompletionRequest): Promise<CompletionAnswer> {
    const { text, position, limit } = checkCompletion(request);
    const place = completionPlace(text, position);
    if (place === undefined) return { start: position, end: position, completions: [] };
    const asks = place.slots.map((slot) => slotAsk(slot, place));
    const known = await this.#known(asks, place.prefix, limit);
    const found: Candidate[] = [];
    place.slots.forEach((slot, i) => {
      if (slot.kind === 'segment') this.#addSegments(found, place);
      const own = known[i];
      if (own !== undefined) addKnown(found, slot, own, place);
    });
    if (place.quote === undefined) {
      for (const keyword of place.keywords) add(found, place, { insert: keyword, label: keyword, kind: 'keyword' }, 0);
    }
    const order = [...unique(found).values()].sort(
      (a, b) => a.rank - b.rank || kindOrder(a) - kindOrder(b) || b.weight - a.weight,
    );
    const completions = order.slice(0, limit).map(({ rank: _, weight: __, ...completion }) => completion);
    return { start: place.start, end: place.end, completions };
  }

  /** By slot; undefined where nothing was asked. */
  async #known(
    asks: readonly (SlotAsk | undefined)[],
    typed: string,
    limit: number,
  ): Promise<readonly (MergedSlot | undefined)[]> {
    const slots = asks.filter((ask) => ask !== undefined);
    if (slots.length === 0) return [];
    const merged = mergeCompletion(await this.#ask({ typed, limit, slots }), slots.length);
    let next = 0;
    return asks.map((ask) => (ask === undefined ? undefined : merged[next++]));
  }

  #addSegments(found: Candidate[], place: CompletionPlace): void {
    for (const key of this.#segments.keys()) {
      const insert = isBareName(key) && place.quote === undefined ? key : printText(key);
      add(found, place, { insert, label: key, kind: 'segment' }, 0);
    }
  }
}

function addKnown(found: Candidate[], { kind }: Slot, slot: MergedSlot, place: CompletionPlace): void {
  if (kind === 'event' || kind === 'trait' || kind === 'property') {
    addNames(found, kind, slot.names, place, 0);
    addNames(found, kind, slot.contexts, place, Number.MIN_SAFE_INTEGER);
  }
  for (const [value, merged] of slot.values) addValue(found, value, merged, place);
}

/** `base`: added to the counts for the order. */
function addNames(
  found: Candidate[],
  kind: 'event' | 'trait' | 'property',
  names: Usage,
  place: CompletionPlace,
  base: number,
): void {
  for (const [name, { count, isEstimate }] of names) {
    const completion: Completion = {
      insert: kind === 'event' ? printText(name) : printName(name),
      label: name,
      kind,
      // None found in a part that was looked at: how many there are is not known.
      ...(count === 0 && isEstimate ? {} : { count }),
      ...(count > 0 && isEstimate ? { isEstimate: true } : {}),
    };
    add(found, place, completion, base + count);
  }
}

function addValue(
  found: Candidate[],
  value: KnownValue,
  { count, isEstimate }: MergedValue,
  place: CompletionPlace,
): void {
  if (place.quote !== undefined && typeof value !== 'string') return;
  const completion: Completion = {
    insert: typeof value === 'string' ? printText(value) : String(value),
    label: String(value),
    kind: 'value',
    ...(count === undefined ? {} : { count }),
    ...(count !== undefined && isEstimate ? { isEstimate: true } : {}),
  };
  add(found, place, completion, count ?? 0);
}

function checkCompletion(request: CompletionRequest): { text: string; position: number; limit: number } {
  const { text, position = text.length, limit = DEFAULT_LIMIT } = request;
  if (text.length > DEFAULT_QUERY_LIMITS.textLength)
    throw new EngineError('query_too_large', `the query is longer than ${DEFAULT_QUERY_LIMITS.textLength} characters`);
  if (!Number.isInteger(position) || position < 0 || position > text.length)
    throw new EngineError('query_invalid', `"position" must be a whole number from 0 to ${text.length}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    throw new EngineError('query_invalid', `"limit" must be a whole number from 1 to ${LIMIT_MAX}`);
  return { text, position, limit };
}

function add(found: Candidate[], place: CompletionPlace, completion: Completion, weight: number): void {
  const rank = matchRank(completion.label, place.prefix);
  const isGuess = rank === GUESS_RANK && (completion.kind === 'value' || completion.kind === 'keyword');
  if (rank !== undefined && !isGuess) found.push({ ...completion, rank, weight });
}

/** Names before keywords of the same fit. */
function kindOrder({ kind }: Completion): number {
  return kind === 'keyword' ? 1 : 0;
}

/** The same thing may be offered twice: by two slots, or as a phrase of two words. */
function unique(found: readonly Candidate[]): Map<string, Candidate> {
  const first = new Map<string, Candidate>();
  for (const candidate of found) {
    const key = `${candidate.kind}\0${candidate.insert}`;
    if (!first.has(key)) first.set(key, candidate);
  }
  return first;
}
