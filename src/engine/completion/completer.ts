/** What may be typed next in a query text: the grammar says which kind of thing, the data says which ones there are. */
import { splitPath } from '../../base/path.ts';
import { EngineError } from '../../model/error.ts';
import { DEFAULT_QUERY_LIMITS } from '../../model/limits.ts';
import type { Completion, CompletionAnswer, CompletionRequest } from '../../model/schema.ts';
import { reachPath, reachProperty } from '../../query/binder/path-reach.ts';
import { type CompletionPlace, completionPlace } from '../../query/parser/completion-place.ts';
import { printName, printText } from '../../query/parser/print-leaf.ts';
import { isBareName } from '../../query/parser/token.ts';
import type { Slot, Subject } from '../../query/parser/token-stream.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Shard } from '../../shard/shard.ts';
import type { SegmentStore } from '../segment-store.ts';
import { eventCounts, propertyUsage, traitUsage } from './known-names.ts';
import { KnownValues } from './known-values.ts';
import { GUESS_RANK, matchRank } from './match.ts';

const DEFAULT_LIMIT = 20;
const LIMIT_MAX = 200;

interface Candidate extends Completion {
  readonly rank: number;
  readonly weight: number;
}

export class Completer {
  readonly #shards: readonly Shard[];
  readonly #segments: SegmentStore;
  readonly #clock: Clock;

  constructor(shards: readonly Shard[], segments: SegmentStore, clock: Clock) {
    this.#shards = shards;
    this.#segments = segments;
    this.#clock = clock;
  }

  /** Errors: query_invalid, query_too_large. A text that is wrong before the cursor has no completions. */
  async complete(request: CompletionRequest): Promise<CompletionAnswer> {
    const { text, position, limit } = checkCompletion(request);
    const place = completionPlace(text, position);
    if (place === undefined) return { start: position, end: position, completions: [] };
    const found: Candidate[] = [];
    for (const slot of place.slots) found.push(...(await this.#ofSlot(slot, place, limit)));
    if (place.quote === undefined) {
      for (const keyword of place.keywords) add(found, place, { insert: keyword, label: keyword, kind: 'keyword' }, 0);
    }
    const order = [...unique(found).values()].sort(
      (a, b) => a.rank - b.rank || kindOrder(a) - kindOrder(b) || b.weight - a.weight,
    );
    const completions = order.slice(0, limit).map(({ rank: _, weight: __, ...completion }) => completion);
    return { start: place.start, end: place.end, completions };
  }

  async #ofSlot(slot: Slot, place: CompletionPlace, limit: number): Promise<readonly Candidate[]> {
    const found: Candidate[] = [];
    const isText = place.quote === '"' || place.quote === "'";
    switch (slot.kind) {
      case 'trait':
      case 'property': {
        if (isText) break;
        const usage = slot.kind === 'trait' ? traitUsage(this.#shards) : propertyUsage(this.#shards, slot.event);
        for (const [name, weight] of usage)
          add(found, place, { insert: printName(name), label: name, kind: slot.kind }, weight);
        break;
      }
      case 'event':
        if (place.quote === '`') break;
        for (const [name, count] of eventCounts(this.#shards))
          add(found, place, { insert: printText(name), label: name, kind: 'event', count }, count);
        break;
      case 'segment':
        for (const { key } of this.#segments.list()) {
          const insert = isBareName(key) && place.quote === undefined ? key : printText(key);
          add(found, place, { insert, label: key, kind: 'segment' }, 0);
        }
        break;
      case 'value':
        if (place.quote !== '`') await this.#addValues(found, slot.of, place, limit);
    }
    return found;
  }

  /** A turn between shards: each is bounded, all together are not. */
  async #addValues(found: Candidate[], subject: Subject, place: CompletionPlace, limit: number): Promise<void> {
    const values = new KnownValues(place.prefix, limit);
    let isFirst = true;
    for (const { data } of this.#shards) {
      if (!isFirst) await this.#clock.yieldTurn();
      isFirst = false;
      if ('trait' in subject) {
        values.addReach(reachPath(data.profiles.traits, splitPath(subject.trait)), data.profiles.count);
        continue;
      }
      const table = subject.event === undefined ? undefined : data.tableOf(subject.event);
      if (table === undefined) continue;
      const { properties, contexts } = reachProperty(table, subject.property);
      values.addReach(properties, table.eventCount);
      if (contexts !== undefined) values.addReach(contexts, table.eventCount);
    }
    const isText = place.quote !== undefined;
    for (const [value, count] of values.counts) {
      if (isText && typeof value !== 'string') continue;
      const completion: Completion = {
        insert: typeof value === 'string' ? printText(value) : String(value),
        label: String(value),
        kind: 'value',
        ...(count === undefined ? {} : { count }),
        ...(count !== undefined && values.isEstimate ? { isEstimate: true } : {}),
      };
      add(found, place, completion, count ?? 0);
    }
  }
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
