/** Random group calls, departures, logins and merges, told to an engine and to the truth alike. */

import type { Gateway } from '../../../src/engine/gateway.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { JsonValue } from '../../oracle/naive/json-value.ts';
import { type Random, randomOf } from '../../process/seed.ts';
import { AccountTruth } from './account-truth.ts';

const BASE_MS = Date.parse('2026-01-01T00:00:00Z');
const USERS = 14;
const VISITORS = 14;
const GROUPS = ['acme', 'globex', 'initech', '42', 'größe "q"', 'umbrella'];

export class RandomWorld {
  readonly truth = new AccountTruth();
  readonly logins = new Set<number>();
  readonly ages = new Map<number, number>();
  readonly seen = new Set<number>();
  readonly #random: Random;
  readonly #times = new Set<number>();
  #messageCount = 0;
  readonly #visitorsOf = new Map<number, number>();

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  int(end: number): number {
    return this.#random.below(end);
  }

  pick<T>(list: readonly T[]): T {
    return this.#random.pick(list);
  }

  /** Users first, then visitors. */
  idOf(person: number): string {
    const one = this.truth.personOf(person);
    return one < USERS ? `u${one}` : `anonymous_id:v${one - USERS}`;
  }

  /** Everybody who was ever heard of, once. */
  people(): number[] {
    return [...new Set([...this.seen].map((person) => this.truth.personOf(person)))];
  }

  didLogin(person: number): boolean {
    return [...this.logins].some((one) => this.truth.personOf(one) === person);
  }

  #time(): number {
    for (;;) {
      const timeMs = BASE_MS + this.int(1_000_000) * 1_000;
      if (this.#times.has(timeMs)) continue;
      this.#times.add(timeMs);
      return timeMs;
    }
  }

  #who(person: number): object {
    this.seen.add(person);
    return person < USERS ? { userId: `u${person}` } : { anonymousId: `v${person - USERS}` };
  }

  #envelope(person: number, timeMs: number): { messageId: string; timestamp: string } {
    const messageId = `m${(this.int(1_000_000) + 1e6).toString(36)}-${this.#messageCount++}`;
    return { messageId, timestamp: new Date(timeMs).toISOString(), ...this.#who(person) };
  }

  #group(person: number): object {
    const joined = this.truth.calls.filter(({ kind }) => kind === 'joined');
    // Two calls of different people at one moment: the message id decides.
    const tied = joined.length > 0 && this.int(5) === 0 ? this.pick(joined) : undefined;
    const timeMs = tied?.timeMs ?? this.#time();
    const group = tied?.group ?? this.pick(GROUPS);
    const traits: Record<string, JsonValue> = {};
    if (this.int(2) === 0) traits['plan'] = this.pick(['free', 'pro', null]);
    if (this.int(2) === 0) traits['employees'] = this.pick([5, 50, 500, 'many', null]);
    if (this.int(4) === 0) traits['tags'] = this.pick([['a', 'b'], ['b'], []]);
    if (this.int(3) === 0) {
      traits['seat'] = this.pick<JsonValue>([{ city: 'Ulm' }, { city: null }, { lane: { no: 1 } }, {}, 'none', null]);
    }
    const envelope = this.#envelope(person, timeMs);
    this.truth.calls.push({ kind: 'joined', person, group, timeMs, messageId: envelope.messageId, traits });
    const groupId = group === '42' ? 42 : group;
    return { type: 'group', groupId, traits, ...envelope };
  }

  #leave(person: number): object {
    const timeMs = this.#time();
    const group = this.pick([...GROUPS, 'nobody-joined-it']);
    const envelope = this.#envelope(person, timeMs);
    this.truth.calls.push({ kind: 'left', person, group, timeMs, messageId: envelope.messageId, traits: {} });
    const key = this.pick(['group_id', 'groupId']);
    return { type: 'track', event: 'Group Left', properties: { [key]: group === '42' ? 42 : group }, ...envelope };
  }

  #merge(): object | undefined {
    const visitor = USERS + this.int(VISITORS);
    const user = this.int(USERS);
    const count = this.#visitorsOf.get(user) ?? 0;
    if (this.truth.personOf(visitor) !== visitor || count >= 3) return undefined;
    this.#visitorsOf.set(user, count + 1);
    const envelope = { ...this.#envelope(visitor, this.#time()), ...this.#envelope(user, this.#time()) };
    this.truth.merge(visitor, user);
    return { type: 'identify', traits: {}, ...envelope };
  }

  #item(): object | undefined {
    const person = this.int(USERS + VISITORS);
    const kind = this.int(20);
    if (kind < 10) return this.#group(person);
    if (kind < 13) return this.#leave(person);
    if (kind < 15) {
      this.logins.add(person);
      return { type: 'track', event: 'Login', ...this.#envelope(person, this.#time()) };
    }
    if (kind < 18) {
      const user = this.int(USERS);
      if (this.ages.has(user)) return undefined;
      const age = this.int(80);
      this.ages.set(user, age);
      return { type: 'identify', traits: { age }, ...this.#envelope(user, this.#time()) };
    }
    return this.#merge();
  }

  async send(engine: Pick<Gateway, 'ingest'>, count: number): Promise<void> {
    const items: object[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.#item();
      if (item !== undefined) items.push(item);
    }
    // As every sender does: what a shard that just came back cannot be handed yet is sent again.
    for (let left = items; left.length > 0; ) {
      const { rejected } = await engine.ingest(left, { ack: 'applied' });
      if (!rejected.every(({ retryable }) => retryable)) throw new Error(JSON.stringify(rejected));
      left = rejected.map(({ index }) => left[index]);
      if (left.length > 0) await systemClock.yieldTurn();
    }
    // A sender that heard nothing sends all again.
    if (this.int(3) === 0) {
      const again = await engine.ingest(items, { ack: 'applied' });
      if (again.duplicates !== items.length) throw new Error(`${again.duplicates} of ${items.length} were duplicates`);
    }
  }
}
