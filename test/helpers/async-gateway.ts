/**
 * An engine as a door of a cluster sees one: whatever may be answered later is answered in a later turn. The bytes of lookups are overwritten
 * one turn after they were given, so that a door that keeps them sends garbage, which no test takes for a profile.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Awaitable, type Deferrable, isPromise } from '../../src/base/awaitable.ts';
import type { EngineStats, FrameOutcome, Gateway } from '../../src/engine/gateway.ts';
import type { Accounts } from '../../src/model/account.ts';
import type { ClusterView } from '../../src/model/cluster.ts';
import type { EngineError } from '../../src/model/error.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import type { IdentityGraph } from '../../src/model/identity-request.ts';
import type { IngestOptions, IngestResult } from '../../src/model/ingest.ts';
import type { Matching } from '../../src/model/matching.ts';
import type { Identifier, LookupOptions } from '../../src/model/profile.ts';
import type { ProfilePages } from '../../src/model/profile-page.ts';
import type { Segment } from '../../src/model/segment.ts';
import type { TestEngine } from './test-engine.ts';

async function later<T>(read: () => T): Promise<Awaited<T>> {
  await nextTurn();
  return await read();
}

/** Good for this turn only. */
function lent(json: Awaitable<Uint8Array | undefined>): Awaitable<Uint8Array | undefined> {
  if (json === undefined) return undefined;
  if (isPromise(json)) return json.then(lent);
  const copy = Uint8Array.from(json);
  setImmediate(() => copy.fill(0xff));
  return copy;
}

/** What gives promises anyway goes straight through. */
export class AsyncGateway implements Gateway {
  readonly #engine: TestEngine;
  #lookups = 0;
  readonly lookupMany: Gateway['lookupMany'];
  readonly lookUpFor: Gateway['lookUpFor'];

  /** `hasMany`: many lookups can be asked at once, and one without a promise. */
  constructor(engine: TestEngine, { hasMany = false } = {}) {
    this.#engine = engine;
    if (!hasMany) return;
    this.lookUpFor = (taker, identifier, options) => {
      Promise.resolve(this.lookupJson(identifier, options)).then(
        (json) => taker.resolve(json),
        (error: unknown) => taker.reject(error),
      );
    };
    this.lookupMany = (identifiers, options) =>
      // One turn for the answer, then all bytes at once: `later` would give them to the next turn.
      nextTurn().then(() => Promise.all(identifiers.map((identifier) => lent(engine.lookupJson(identifier, options)))));
  }

  /** One to three, so that of many lookups some come when the bytes of others are gone. */
  async #turns(): Promise<void> {
    this.#lookups += 1;
    for (let left = this.#lookups % 3; left >= 0; left -= 1) await nextTurn();
  }

  ingest(items: readonly unknown[], options?: IngestOptions): Promise<IngestResult> {
    return this.#engine.ingest(items, options);
  }
  ingestFrame(frame: Uint8Array, options?: IngestOptions): FrameOutcome {
    return this.#engine.ingestFrame(frame, options);
  }
  ingestPressure(): EngineError | undefined {
    return this.#engine.ingestPressure();
  }
  lookupJson(identifier: Identifier, options?: LookupOptions): Awaitable<Uint8Array | undefined> {
    return this.#turns().then(() => lent(this.#engine.lookupJson(identifier, options)));
  }
  segment(key: string): Promise<Segment | undefined> {
    return later(() => this.#engine.segment(key));
  }
  segments(): Promise<readonly Segment[]> {
    return later(() => this.#engine.segments());
  }
  identityGraph(identifier: Identifier): Promise<IdentityGraph | undefined> {
    return later(() => this.#engine.identityGraph(identifier));
  }
  identitySettings(): Promise<IdentitySettings> {
    return later(() => this.#engine.identitySettings());
  }
  stateHash(): Promise<string> {
    return later(() => this.#engine.stateHash());
  }
  stats(): Promise<EngineStats> {
    return later(() => this.#engine.stats());
  }
  cluster(): Promise<ClusterView> {
    return later(() => this.#engine.cluster());
  }

  readonly profilePages: Deferrable<ProfilePages> = {
    traits: (identifier, request) => later(() => this.#engine.profilePages.traits(identifier, request)),
    segments: (identifier, request) => later(() => this.#engine.profilePages.segments(identifier, request)),
    identifiers: (identifier, request) => later(() => this.#engine.profilePages.identifiers(identifier, request)),
    events: (identifier, request) => later(() => this.#engine.profilePages.events(identifier, request)),
    metadata: (identifier, asOfMs) => later(() => this.#engine.profilePages.metadata(identifier, asOfMs)),
    accounts: (identifier, request) => later(() => this.#engine.profilePages.accounts(identifier, request)),
  };

  get matching(): Deferrable<Matching> {
    const engine = this.#engine;
    return {
      get state() {
        return later(() => engine.matching.state);
      },
      start: (request) => later(() => engine.matching.start(request)),
      settled: () => later(() => engine.matching.settled()),
      cancel: () => later(() => engine.matching.cancel()),
      suggestions: (state, limit, cursor) => later(() => engine.matching.suggestions(state, limit, cursor)),
      decide: (id, decision) => later(() => engine.matching.decide(id, decision)),
    };
  }

  get accounts(): Accounts {
    return this.#engine.accounts;
  }

  traitHistory: Gateway['traitHistory'] = (...values) => this.#engine.traitHistory(...values);
  query: Gateway['query'] = (...values) => this.#engine.query(...values);
  queryJson: Gateway['queryJson'] = (...values) => this.#engine.queryJson(...values);
  why: Gateway['why'] = (...values) => this.#engine.why(...values);
  saveSegment: Gateway['saveSegment'] = (...values) => this.#engine.saveSegment(...values);
  deleteSegment: Gateway['deleteSegment'] = (...values) => this.#engine.deleteSegment(...values);
  schema: Gateway['schema'] = (...values) => this.#engine.schema(...values);
  complete: Gateway['complete'] = (...values) => this.#engine.complete(...values);
  mergeProfiles: Gateway['mergeProfiles'] = (...values) => this.#engine.mergeProfiles(...values);
  unmergeProfile: Gateway['unmergeProfile'] = (...values) => this.#engine.unmergeProfile(...values);
  enrich: Gateway['enrich'] = (...values) => this.#engine.enrich(...values);
  setIdentitySettings: Gateway['setIdentitySettings'] = (...values) => this.#engine.setIdentitySettings(...values);
  exportProfiles: Gateway['exportProfiles'] = (...values) => this.#engine.exportProfiles(...values);
  checkpoint: Gateway['checkpoint'] = () => this.#engine.checkpoint();
}
