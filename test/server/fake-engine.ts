/**
 * An engine of plain Maps, for testing the doors alone: no durability, no queries, but every promise of the
 * contract.
 */
import { unpack } from 'msgpackr';
import type { Engine, EngineStats, FrameOutcome } from '../../src/engine/engine.ts';
import { checkSegment, checkSegmentKey } from '../../src/engine/segment-check.ts';
import { SegmentStore } from '../../src/engine/segment-store.ts';
import type { ClusterView } from '../../src/model/cluster.ts';
import { EngineError, type ErrorCode } from '../../src/model/error.ts';
import type { Expression } from '../../src/model/expression.ts';
import type { TraitHistory, TraitHistoryRequest } from '../../src/model/history.ts';
import type { IngestOptions, IngestResult, RejectedItem } from '../../src/model/ingest.ts';
import type { Identifier, LookupOptions, Profile, ProfileEvent } from '../../src/model/profile.ts';
import type { QueryAnswer, QueryRequest } from '../../src/model/query.ts';
import type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../../src/model/schema.ts';
import type { Segment, SegmentRequest, SegmentSaved, WhyAnswer } from '../../src/model/segment.ts';

export type Item = Record<string, unknown>;

export interface Ingested {
  readonly items: readonly unknown[];
  readonly options: IngestOptions;
}

interface Person {
  readonly id: string;
  readonly traits: Record<string, unknown>;
  readonly events: ProfileEvent[];
}

export class FakeEngine implements Engine {
  readonly people = new Map<string, Person>();
  readonly ingested: Ingested[] = [];
  readonly queries: QueryRequest[] = [];
  readonly lookedUp: Identifier[] = [];
  pressure: EngineError | undefined;
  isReady = true;
  isClosed = false;
  /** Set to hold back acks until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Refuses an item by its code, which must be one that tells of no mistake of the item. */
  refuse: (item: unknown) => ErrorCode | undefined = () => undefined;
  /** Thrown by every call that can fail. */
  failure: Error | undefined;
  onQuery: (request: QueryRequest, signal?: AbortSignal) => Promise<QueryAnswer> = () =>
    Promise.resolve({ count: this.people.size, tookMs: 1, watermark: [1] });
  #accepted = 0;
  #duplicates = 0;
  #seq = 0;
  readonly #messageIds = new Set<unknown>();

  async ingest(items: readonly unknown[], options: IngestOptions = {}): Promise<IngestResult> {
    if (this.pressure !== undefined) throw this.pressure;
    if (this.failure !== undefined) throw this.failure;
    this.ingested.push({ items, options });
    const rejected: RejectedItem[] = [];
    let duplicates = 0;
    for (const [index, value] of items.entries()) {
      const code = this.refuse(value);
      const problem = code === undefined ? problemOf(value, options.type) : { code, message: 'not now' };
      if (problem !== undefined) rejected.push({ index, ...problem });
      else if (this.#apply(value as Item, options.type)) duplicates += 1;
    }
    this.#seq += 1;
    const seq = [this.#seq];
    await this.gate;
    this.#accepted += items.length - rejected.length;
    this.#duplicates += duplicates;
    return { accepted: items.length - rejected.length, duplicates, rejected, seq };
  }

  ingestFrame(frame: Uint8Array, options: IngestOptions = {}): FrameOutcome {
    if (this.pressure !== undefined) throw this.pressure;
    let message: Item;
    try {
      message = unpack(frame) as Item;
    } catch (cause) {
      throw new EngineError('malformed_msgpack', 'broken frame', { cause });
    }
    const batch = message['batch'];
    if (!Array.isArray(batch)) return { kind: 'message', message };
    const ack = (message['ack'] as IngestOptions['ack']) ?? options.ack;
    const result = this.ingest(batch, { ...options, ack, type: String(message['op']), sentAt: message['sentAt'] });
    return { kind: 'ingest', ref: message['ref'], result, itemCount: batch.length };
  }

  ingestPressure(): EngineError | undefined {
    return this.pressure;
  }

  lookup(identifier: Identifier, options: LookupOptions = {}): Profile | undefined {
    if (this.failure !== undefined) throw this.failure;
    this.lookedUp.push(identifier);
    const person = this.people.get(`${identifier.type}:${identifier.value}`);
    if (person === undefined) return undefined;
    const counts: Record<string, number> = {};
    for (const { event } of person.events) counts[event] = (counts[event] ?? 0) + 1;
    const whole: Record<string, unknown> = {
      id: person.id,
      identifiers: [{ type: 'user_id', value: person.id }],
      traits: person.traits,
      first_seen: '2026-01-01T00:00:00.000Z',
      last_seen: '2026-01-02T00:00:00.000Z',
      counts,
      segments: [],
      ...(options.events === undefined || options.events === 0
        ? {}
        : { events: person.events.toReversed().slice(0, options.events) }),
    };
    const { fields } = options;
    if (fields === undefined) return whole as unknown as Profile;
    const traits = Object.fromEntries(Object.entries(person.traits).filter(([name]) => fields.includes(name)));
    return { id: person.id, traits } as unknown as Profile;
  }

  /** Set by tests: what a history is asked for and answers. */
  readonly histories: TraitHistoryRequest[] = [];

  async traitHistory(identifier: Identifier, request: TraitHistoryRequest = {}): Promise<TraitHistory | undefined> {
    const profile = this.lookup(identifier);
    if (profile === undefined) return undefined;
    this.histories.push(request);
    const origin = { source: null, messageId: 'm', at: '2026-01-01T00:00:00.000Z' };
    const changes = Object.entries(profile.traits).map(
      ([trait, value]) => ({ trait, kind: 'set', value, ...origin }) as const,
    );
    return { id: profile.id, changes };
  }

  lookupJson(identifier: Identifier, options?: LookupOptions): Uint8Array | undefined {
    const profile = this.lookup(identifier, options);
    if (profile === undefined) return undefined;
    // As the contract warns: the bytes of the call before are gone.
    this.#page.fill(0x21);
    const length = this.#page.write(JSON.stringify(profile));
    return this.#page.subarray(0, length);
  }

  readonly #page = Buffer.from(new SharedArrayBuffer(4 * 1024 * 1024));

  async *queryJson(request: QueryRequest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    yield Buffer.from(JSON.stringify(await this.query(request, signal)));
  }

  query(request: QueryRequest, signal?: AbortSignal): Promise<QueryAnswer> {
    if (this.failure !== undefined) throw this.failure;
    this.queries.push(request);
    return this.onQuery(request, signal);
  }

  async why(identifier: Identifier, where: Expression | string): Promise<WhyAnswer | undefined> {
    if (this.failure !== undefined) throw this.failure;
    const person = this.people.get(`${identifier.type}:${identifier.value}`);
    if (person === undefined) return undefined;
    const text = typeof where === 'string' ? where : JSON.stringify(where);
    const node = { text, isTrue: true, saw: { count: 1 }, changesAt: '2026-01-02T00:00:00.001Z' };
    const why = { text: `not not ${text}`, isTrue: true, changesAt: null, of: [node] };
    return { id: person.id, isMember: true, changesAt: null, why, at: '2026-01-01T00:00:00.000Z' };
  }

  /** Not for a fake: tests of it use a real engine. */
  get profilePages(): never {
    throw this.failure ?? new Error('the fake engine has no pages of profiles');
  }

  /** Nor accounts. */
  get accounts(): never {
    throw this.failure ?? new Error('the fake engine has no accounts');
  }

  /** Identity is not for a fake: tests of it use a real engine. */
  identityGraph(): never {
    throw this.failure ?? new Error('the fake engine has no identity');
  }

  async mergeProfiles(): Promise<never> {
    return this.identityGraph();
  }

  async unmergeProfile(): Promise<never> {
    return this.identityGraph();
  }

  async enrich(): Promise<never> {
    return this.identityGraph();
  }

  identitySettings(): never {
    return this.identityGraph();
  }

  async setIdentitySettings(): Promise<never> {
    return this.identityGraph();
  }

  get matching(): never {
    return this.identityGraph();
  }

  readonly #segments = new SegmentStore();

  async saveSegment(key: string, request: SegmentRequest): Promise<SegmentSaved> {
    if (this.failure !== undefined) throw this.failure;
    return this.#segments.save(checkSegmentKey(key), checkSegment(request), 1_767_225_600_000);
  }

  segment(key: string): Segment | undefined {
    return this.#segments.get(key);
  }

  segments(): readonly Segment[] {
    return this.#segments.list();
  }

  async deleteSegment(key: string): Promise<void> {
    this.#segments.delete(key);
  }

  readonly narrowings: (SchemaNarrowing | undefined)[] = [];

  async schema(narrowing?: SchemaNarrowing): Promise<Schema> {
    if (this.failure !== undefined) throw this.failure;
    this.narrowings.push(narrowing);
    const field = {
      name: 'country',
      types: [{ type: 'string' as const, count: 2 }],
      count: 2,
      distinct: 2,
      isDistinctExact: true,
      firstAt: null,
      lastAt: null,
      sources: ['identify'],
      examples: ['DE', 'FR'],
    };
    const properties = [{ ...field, name: 'total', isSampled: true as const }];
    const event = { name: 'E', count: 3, profiles: 1, firstAt: null, lastAt: null, sources: ['track'], properties };
    return { profiles: this.people.size, events: [event], traits: [field] };
  }

  async complete({ text, position = text.length }: CompletionRequest): Promise<CompletionAnswer> {
    const completion = { insert: 'country', label: 'country', kind: 'trait' as const };
    return { start: 0, end: position, completions: [completion] };
  }

  async *exportProfiles(options?: LookupOptions): AsyncIterable<Uint8Array> {
    for (const key of this.people.keys()) {
      const colon = key.indexOf(':');
      const json = this.lookupJson({ type: key.slice(0, colon), value: key.slice(colon + 1) }, options);
      if (json !== undefined) yield json;
    }
  }

  checkpoint(): Promise<{ readonly seq: readonly number[]; readonly sizeBytes: number; readonly tookMs: number }> {
    return Promise.resolve({ seq: [this.#seq], sizeBytes: 10, tookMs: 1 });
  }

  stateHash(): string {
    return `hash-${this.people.size}`;
  }

  cluster(): ClusterView {
    const shard = {
      index: 0,
      pid: 1,
      address: '',
      state: 'up',
      slotCount: 1_024,
      slotRanges: [[0, 1_023]],
      restarts: 0,
    } as const;
    return { mode: 'embedded', slots: 1_024, epoch: 1, shards: [shard], routers: [] };
  }

  stats(): EngineStats {
    return {
      shardCount: 1,
      profiles: this.people.size,
      events: 7,
      isReady: this.isReady,
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      rejectedByCode: { missing_user: 2 },
      droppedByReason: { identifier_taken: 1 },
      standardisedByRule: { trim: 3 },
      lookups: this.lookedUp.length,
      lookupMisses: 0,
      queries: this.queries.length,
      queryErrors: 0,
      memoryBytes: { profiles: 100, events: 200 },
      memoryLimitBytes: 1000,
      shards: [{ appliedSeq: 9, durableSeq: 6, checkpointSeq: 4, profiles: 1, events: 7, logBytes: 50 }],
      queuedItems: 0,
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  /** True when it was a duplicate. */
  #apply(item: Item, defaultType: string | undefined): boolean {
    const messageId = item['messageId'];
    if (messageId !== undefined && this.#messageIds.has(messageId)) return true;
    this.#messageIds.add(messageId);
    const id = String(item['userId'] ?? item['anonymousId']);
    const key = `user_id:${id}`;
    const person = this.people.get(key) ?? { id, traits: {}, events: [] };
    this.people.set(key, person);
    const traits = (item['traits'] ?? {}) as Item;
    for (const name of Object.keys(traits)) {
      Object.defineProperty(person.traits, name, {
        value: traits[name],
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    if (typeof traits['email'] === 'string') this.people.set(`email:${traits['email']}`, person);
    if ((item['type'] ?? defaultType) === 'track') {
      person.events.push({
        event: String(item['event']),
        timestamp: '2026-01-01T00:00:00.000Z',
        properties: (item['properties'] ?? {}) as ProfileEvent['properties'],
        messageId: String(messageId),
      });
    }
    return false;
  }
}

function problemOf(value: unknown, defaultType: string | undefined): Omit<RejectedItem, 'index'> | undefined {
  if (typeof value !== 'object' || value === null) return { code: 'invalid_item', message: 'not an object' };
  const item = value as Item;
  const messageId = item['messageId'] === undefined ? {} : { messageId: String(item['messageId']) };
  if (item['userId'] === undefined && item['anonymousId'] === undefined) {
    return { ...messageId, code: 'missing_user', message: 'userId or anonymousId is needed' };
  }
  const type = item['type'] ?? defaultType;
  if (type === 'track' && item['event'] === undefined)
    return { ...messageId, code: 'missing_event', message: 'event is needed' };
  return undefined;
}
