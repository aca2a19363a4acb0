/**
 * A real engine, in whatever form, behind what tests of the doors script and look at: what it was asked, and what it is made to say. Unscripted it
 * answers for itself.
 */
import { unpack } from 'msgpackr';
import type { EngineStats, FrameOutcome, Gateway } from '../../src/engine/gateway.ts';
import type { EngineError, ErrorCode } from '../../src/model/error.ts';
import type { IngestOptions, IngestResult, RejectedItem } from '../../src/model/ingest.ts';
import type { Identifier, LookupOptions } from '../../src/model/profile.ts';
import type { QueryAnswer, QueryRequest } from '../../src/model/query.ts';
import type { Schema, SchemaNarrowing } from '../../src/model/schema.ts';
import type { TestEngine } from '../helpers/test-engine.ts';
import type { Ingested, Item } from './fake-engine.ts';

type Async<K extends keyof Gateway> = Gateway[K] extends (...values: infer V) => infer R
  ? (...values: V) => Promise<Awaited<R>>
  : never;

export class ScriptedEngine implements TestEngine {
  readonly ingested: Ingested[] = [];
  readonly queries: QueryRequest[] = [];
  readonly lookedUp: Identifier[] = [];
  readonly narrowings: (SchemaNarrowing | undefined)[] = [];
  pressure: EngineError | undefined;
  isReady = true;
  isClosed = false;
  /** Set to hold back acks until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Refuses an item by its code, which must be one that tells of no mistake of the item. */
  refuse: ((item: unknown) => ErrorCode | undefined) | undefined;
  /** Thrown by every call that can fail. */
  failure: Error | undefined;
  onQuery: ((request: QueryRequest, signal?: AbortSignal) => Promise<QueryAnswer>) | undefined;
  exportProfiles: Gateway['exportProfiles'];
  readonly epoch: number | undefined;
  readonly #engine: TestEngine;

  constructor(engine: TestEngine) {
    this.#engine = engine;
    this.epoch = engine.epoch;
    this.exportProfiles = (options) => engine.exportProfiles(options);
  }

  get lookupMany(): Gateway['lookupMany'] {
    const { lookupMany } = this.#engine;
    if (lookupMany === undefined) return undefined;
    return async (identifiers, options) => {
      if (this.failure !== undefined) throw this.failure;
      this.lookedUp.push(...identifiers);
      return lookupMany.call(this.#engine, identifiers, options);
    };
  }

  get lookUpFor(): Gateway['lookUpFor'] {
    const { lookUpFor } = this.#engine;
    if (lookUpFor === undefined) return undefined;
    return (taker, identifier, options) => {
      if (this.failure !== undefined) {
        taker.reject(this.failure);
        return;
      }
      this.lookedUp.push(identifier);
      lookUpFor.call(this.#engine, taker, identifier, options);
    };
  }

  async ingest(items: readonly unknown[], options: IngestOptions = {}): Promise<IngestResult> {
    if (this.pressure !== undefined) throw this.pressure;
    if (this.failure !== undefined) throw this.failure;
    this.ingested.push({ items, options });
    const result = await this.#ingestTaken(items, options);
    await this.gate;
    return result;
  }

  async #ingestTaken(items: readonly unknown[], options: IngestOptions): Promise<IngestResult> {
    const { refuse } = this;
    if (refuse === undefined) return this.#engine.ingest(items, options);
    const refused: RejectedItem[] = [];
    const places: number[] = [];
    const taken = items.filter((item, index) => {
      const code = refuse(item);
      if (code === undefined) places.push(index);
      else refused.push({ index, code, message: 'not now' });
      return code === undefined;
    });
    const result = await this.#engine.ingest(taken, options);
    const rejected = result.rejected.map((one) => ({ ...one, index: places[one.index] }));
    return { ...result, rejected: [...refused, ...rejected].sort((a, b) => a.index - b.index) };
  }

  ingestFrame(frame: Uint8Array, options: IngestOptions = {}): FrameOutcome {
    if (this.pressure !== undefined) throw this.pressure;
    if (this.failure !== undefined) throw this.failure;
    if (this.refuse !== undefined) return this.#refusingFrame(unpack(frame) as Item, options);
    const outcome = this.#engine.ingestFrame(frame, options);
    if (outcome.kind === 'message') return outcome;
    const { batch, ack = options.ack } = unpack(frame) as { batch: unknown[]; ack?: IngestOptions['ack'] };
    this.ingested.push({ items: batch, options: { ...options, ack } });
    const { gate } = this;
    return { ...outcome, result: outcome.result.then((result) => gate.then(() => result)) };
  }

  #refusingFrame({ batch, ref, op }: Item, options: IngestOptions): FrameOutcome {
    const items = batch as unknown[];
    const result = this.ingest(items, { ...options, type: String(op) });
    return { kind: 'ingest', ref, result, itemCount: items.length };
  }

  ingestPressure(): EngineError | undefined {
    return this.pressure ?? this.#engine.ingestPressure();
  }

  lookupJson(identifier: Identifier, options?: LookupOptions): ReturnType<Gateway['lookupJson']> {
    if (this.failure !== undefined) throw this.failure;
    this.lookedUp.push(identifier);
    return this.#engine.lookupJson(identifier, options);
  }

  lookup(identifier: Identifier, options?: LookupOptions): ReturnType<TestEngine['lookup']> {
    return this.#engine.lookup(identifier, options);
  }

  query(request: QueryRequest, signal?: AbortSignal): Promise<QueryAnswer> {
    if (this.failure !== undefined) throw this.failure;
    this.queries.push(request);
    return (this.onQuery ?? ((one, by) => this.#engine.query(one, by)))(request, signal);
  }

  async *queryJson(request: QueryRequest, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    if (this.onQuery !== undefined) yield Buffer.from(JSON.stringify(await this.query(request, signal)));
    else {
      this.queries.push(request);
      yield* this.#engine.queryJson(request, signal);
    }
  }

  schema(narrowing?: SchemaNarrowing, signal?: AbortSignal): Promise<Schema> {
    this.narrowings.push(narrowing);
    return this.#engine.schema(narrowing, signal);
  }

  async stats(): Promise<EngineStats> {
    const stats = await this.#engine.stats();
    return { ...stats, isReady: stats.isReady && this.isReady };
  }

  get accounts(): Gateway['accounts'] {
    return this.#engine.accounts;
  }
  get matching(): Gateway['matching'] {
    return this.#engine.matching;
  }
  get profilePages(): Gateway['profilePages'] {
    return this.#engine.profilePages;
  }
  traitHistory: Async<'traitHistory'> = (...values) => this.#engine.traitHistory(...values);
  why: Async<'why'> = (...values) => this.#engine.why(...values);
  saveSegment: Async<'saveSegment'> = (...values) => this.#engine.saveSegment(...values);
  segment: Async<'segment'> = async (key) => this.#engine.segment(key);
  segments: Async<'segments'> = async () => this.#engine.segments();
  deleteSegment: Async<'deleteSegment'> = (key) => this.#engine.deleteSegment(key);
  complete: Async<'complete'> = (request) => this.#engine.complete(request);
  identityGraph: Async<'identityGraph'> = async (identifier) => this.#engine.identityGraph(identifier);
  mergeProfiles: Async<'mergeProfiles'> = (request) => this.#engine.mergeProfiles(request);
  unmergeProfile: Async<'unmergeProfile'> = (request) => this.#engine.unmergeProfile(request);
  enrich: Async<'enrich'> = (request) => this.#engine.enrich(request);
  identitySettings: Async<'identitySettings'> = async () => this.#engine.identitySettings();
  setIdentitySettings: Async<'setIdentitySettings'> = (...values) => this.#engine.setIdentitySettings(...values);
  checkpoint: Async<'checkpoint'> = () => this.#engine.checkpoint();
  stateHash: Async<'stateHash'> = async () => this.#engine.stateHash();
  cluster: Async<'cluster'> = async () => this.#engine.cluster();

  async close(): Promise<void> {
    this.isClosed = true;
    await this.#engine.close();
  }
}
