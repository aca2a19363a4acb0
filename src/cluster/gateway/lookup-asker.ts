/**
 * Lookups at the shards, one call for each shard of those that are asked for together. No promise stands between the door's and the link: this is
 * the path of every lookup through a router (bench: cluster-overhead). Calls of one turn leave in one write, so nothing is gathered here.
 */
import type { LookupTaker } from '../../engine/gateway.ts';
import type { AnswerTaker } from '../../link/peer.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AnswerReader, type Elsewhere } from '../lookup-wire.ts';
import type { ShardCaller } from './shard-caller.ts';
import { Trail } from './trail.ts';

type Json = Uint8Array | undefined;

export class LookupAsker {
  lookups = 0;
  misses = 0;
  readonly caller: Pick<ShardCaller, 'lookUp'>;
  readonly slots: SlotMap;
  readonly clock: Clock;

  constructor(caller: Pick<ShardCaller, 'lookUp'>, slots: SlotMap, clock: Clock) {
    this.caller = caller;
    this.slots = slots;
    this.clock = clock;
  }

  /** The bytes are good until the end of the turn in which they come. */
  lookup(identifier: Identifier, options: LookupOptions | undefined): Promise<Json> {
    return new Promise((resolve, reject) => this.lookUpFor({ resolve, reject }, identifier, options));
  }

  /** The same without a promise; the taker may be told before this returns. */
  lookUpFor(taker: LookupTaker, identifier: Identifier, options: LookupOptions | undefined): void {
    this.lookups += 1;
    new OneLookup(this, identifier, options, taker).ask();
  }

  /** In the order asked. Those that live elsewhere than their identifiers' shards know are followed one by one. */
  lookupMany(identifiers: readonly Identifier[], options: LookupOptions | undefined): Promise<readonly Json[]> {
    this.lookups += identifiers.length;
    return new Promise((resolve, reject) => {
      new ManyLookups(this, identifiers, options, resolve, reject).ask();
    });
  }
}

/** Used from its opening to its closing in one go. */
const reader = new AnswerReader();

class OneLookup implements AnswerTaker {
  readonly #asker: LookupAsker;
  readonly #identifier: Identifier;
  readonly #options: LookupOptions | undefined;
  readonly #taker: LookupTaker;
  /** From the first shard that knew only who knows more; most do not need one. */
  #trail: Trail | undefined;

  constructor(asker: LookupAsker, identifier: Identifier, options: LookupOptions | undefined, taker: LookupTaker) {
    this.#asker = asker;
    this.#identifier = identifier;
    this.#options = options;
    this.#taker = taker;
  }

  ask(): void {
    const trail = this.#trail;
    const identifier = trail === undefined ? this.#identifier : trail.identifier;
    const shard = trail === undefined ? this.#asker.slots.shardOf(identifier) : trail.shard;
    this.#asker.caller.lookUp(shard, [identifier], this.#options, trail?.by, this);
  }

  reject(error: unknown): void {
    this.#taker.reject(error);
  }

  resolve(answer: unknown): void {
    try {
      reader.open(answer as Uint8Array);
      const json = reader.next();
      const { further } = reader;
      reader.close();
      if (json !== undefined) this.#taker.resolve(json);
      else this.follow(further);
    } catch (error) {
      this.reject(error);
    }
  }

  /** Errors: overloaded. */
  follow(further: Elsewhere | null): void {
    if (further !== null) {
      this.#trail ??= new Trail(this.#identifier, this.#asker.slots);
      if (this.#trail.follow(further)) {
        this.#trail.soon(this.#asker.clock, () => this.ask());
        return;
      }
    }
    this.#asker.misses += 1;
    this.#taker.resolve(undefined);
  }
}

class ManyLookups {
  readonly #asker: LookupAsker;
  readonly #identifiers: readonly Identifier[];
  readonly #options: LookupOptions | undefined;
  readonly #resolve: (found: readonly Json[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #found: Json[];
  /** Calls and trails that are not over. */
  #openCount = 1;
  /** All that is asked for comes in one turn. */
  #isOneTurn = true;

  constructor(
    asker: LookupAsker,
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
    resolve: (found: readonly Json[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#asker = asker;
    this.#identifiers = identifiers;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#found = new Array<Json>(identifiers.length).fill(undefined);
  }

  ask(): void {
    const identifiers = this.#identifiers;
    const { slots } = this.#asker;
    const shards = identifiers.map((identifier) => slots.shardOf(identifier));
    if (shards.every((shard) => shard === shards[0])) {
      if (shards.length > 0) this.#askShard(shards[0], identifiers, undefined);
    } else {
      this.#isOneTurn = false;
      const byShard = new Map<number, number[]>();
      for (let place = 0; place < shards.length; place++) {
        const places = byShard.get(shards[place]);
        if (places === undefined) byShard.set(shards[place], [place]);
        else places.push(place);
      }
      for (const [shard, places] of byShard) {
        this.#askShard(
          shard,
          places.map((place) => identifiers[place]),
          places,
        );
      }
    }
    this.#over();
  }

  /** `places`: of the identifiers among all; absent: they are all, in order. */
  #askShard(shard: number, identifiers: readonly Identifier[], places: readonly number[] | undefined): void {
    this.#openCount += 1;
    this.#asker.caller.lookUp(shard, identifiers, this.#options, undefined, {
      resolve: (answer) => this.#take(identifiers.length, answer as Uint8Array, places),
      reject: this.#reject,
    });
  }

  #take(count: number, answer: Uint8Array, places: readonly number[] | undefined): void {
    const further: [place: number, Elsewhere][] = [];
    try {
      reader.open(answer);
      for (let index = 0; index < count; index++) {
        const place = places === undefined ? index : places[index];
        const json = reader.next();
        if (json !== undefined) this.#found[place] = this.#isOneTurn ? json : Uint8Array.from(json);
        else if (reader.further === null) this.#asker.misses += 1;
        else further.push([place, reader.further]);
      }
      reader.close();
      if (further.length > 0) this.#followAll(further);
    } catch (error) {
      this.#reject(error);
      return;
    }
    this.#over();
  }

  #followAll(further: readonly (readonly [place: number, Elsewhere])[]): void {
    if (this.#isOneTurn) {
      this.#isOneTurn = false;
      for (const [place, json] of this.#found.entries()) this.#found[place] = json && Uint8Array.from(json);
    }
    for (const [place, where] of further) this.#follow(place, where);
  }

  #follow(place: number, further: Elsewhere): void {
    this.#openCount += 1;
    const asker = this.#asker;
    const resolve = (json: Json): void => {
      this.#found[place] = json && Uint8Array.from(json);
      this.#over();
    };
    const taker = { resolve, reject: this.#reject };
    new OneLookup(asker, this.#identifiers[place], this.#options, taker).follow(further);
  }

  #over(): void {
    this.#openCount -= 1;
    if (this.#openCount === 0) this.#resolve(this.#found);
  }
}
