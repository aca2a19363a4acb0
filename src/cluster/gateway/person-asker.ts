/**
 * Questions about one person: asked of the shard that owns the identifier's slot, and passed along where that shard points to, which is one step
 * at most unless the profile is just moving.
 */
import type { CallOptions } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Elsewhere, LookupAnswer, PersonAnswer, PersonMethod, PlaceAnswer } from '../serve/person-calls.ts';
import type { ShardCaller } from './shard-caller.ts';

const TIMEOUT_MS = 10_000;
/** Asked more often, the profile is on its way: wait a little. */
const HOPS_AT_ONCE = 4;
const HOPS_MAX = 64;
const PAUSE_MS = 5;

/** Where an identifier's profile is, by what name it is kept. */
export interface Found {
  readonly shard: number;
  readonly identifier: Identifier;
}

export class PersonAsker {
  lookups = 0;
  misses = 0;
  readonly #caller: ShardCaller;
  readonly #slots: SlotMap;
  readonly #clock: Clock;

  constructor(caller: ShardCaller, slots: SlotMap, clock: Clock) {
    this.#caller = caller;
    this.#slots = slots;
    this.#clock = clock;
  }

  async lookup(identifier: Identifier, options: LookupOptions | undefined): Promise<Uint8Array | undefined> {
    this.lookups += 1;
    const json = await this.#follow(identifier, async (shard, asked) => {
      const args = { identifiers: [asked], options };
      const { bytes, others } = await this.#caller.call<LookupAnswer>(shard, 'lookup', args, { timeoutMs: TIMEOUT_MS });
      return others.length === 0 ? { value: bytes } : others[0][1];
    });
    if (json === undefined) this.misses += 1;
    return json as Uint8Array | undefined;
  }

  /** One call a shard; those that live elsewhere are followed one by one. */
  async lookupMany(
    identifiers: readonly Identifier[],
    options: LookupOptions | undefined,
  ): Promise<readonly (Uint8Array | undefined)[]> {
    const found = new Array<Uint8Array | undefined>(identifiers.length).fill(undefined);
    const byShard = new Map<number, number[]>();
    identifiers.forEach((identifier, place) => {
      const shard = this.#slots.shardOf(identifier);
      const places = byShard.get(shard);
      if (places === undefined) byShard.set(shard, [place]);
      else places.push(place);
    });
    const rest: number[] = [];
    await Promise.all(
      [...byShard].map(async ([shard, places]) => {
        const args = { identifiers: places.map((place) => identifiers[place]), options };
        const answer = await this.#caller.call<LookupAnswer>(shard, 'lookup', args, { timeoutMs: TIMEOUT_MS });
        const { bytes, ends, others } = answer;
        places.forEach((place, i) => {
          found[place] = bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
        });
        for (const [i, further] of others) {
          found[places[i]] = undefined;
          if (further === null) this.misses += 1;
          else rest.push(places[i]);
        }
      }),
    );
    this.lookups += identifiers.length - rest.length;
    await Promise.all(
      rest.map(async (place) => {
        found[place] = await this.lookup(identifiers[place], options);
      }),
    );
    return found;
  }

  /** Undefined when nobody has the identifier. */
  ask(
    identifier: Identifier,
    method: PersonMethod,
    rest: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#follow(identifier, (shard, asked) => {
      const args = { method, identifier: asked, rest };
      return this.#caller.call<PersonAnswer>(shard, 'person', args, { timeoutMs: TIMEOUT_MS, ...options });
    });
  }

  async find(identifier: Identifier): Promise<Found | undefined> {
    const found = await this.#follow(identifier, async (shard, asked) => {
      const [place] = await this.#caller.call<PlaceAnswer>(shard, 'place', [asked], { timeoutMs: TIMEOUT_MS });
      return place === 'here' ? { value: { shard, identifier: asked } } : place;
    });
    return found as Found | undefined;
  }

  async #follow(
    identifier: Identifier,
    ask: (shard: number, identifier: Identifier) => Promise<{ readonly value: unknown } | Elsewhere | null>,
  ): Promise<unknown> {
    let asked = identifier;
    let shard = this.#slots.shardOf(asked);
    let isNormal = false;
    for (let hop = 1; ; hop++) {
      const answer = await ask(shard, asked);
      if (answer === null) return undefined;
      if (typeof answer === 'object' && 'value' in answer) return answer.value ?? undefined;
      if (typeof answer === 'number') {
        shard = answer;
      } else {
        if (isNormal) return undefined;
        isNormal = true;
        asked = { type: answer[0], value: answer[1] };
        shard = this.#slots.shardOf(asked);
      }
      if (hop < HOPS_AT_ONCE) continue;
      if (hop >= HOPS_MAX) {
        throw new EngineError('overloaded', 'the profile is being moved; ask again', { retryAfterMs: 1_000 });
      }
      await new Promise<void>((resolve) => this.#clock.after(PAUSE_MS, resolve));
    }
  }
}
