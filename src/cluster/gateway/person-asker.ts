/** Questions about one person: asked of the shard that owns the identifier's slot, and passed along where that shard points to. */
import type { CallOptions } from '../../link/peer.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Elsewhere, LedBy } from '../lookup-wire.ts';
import type { PersonAnswer, PersonArgs, PersonMethod, PlaceAnswer, PlaceArgs } from '../serve/person-calls.ts';
import type { ShardCaller } from './shard-caller.ts';
import { Trail } from './trail.ts';

const TIMEOUT_MS = 10_000;

type Told = { readonly value: unknown } | Elsewhere | null;

/** Where an identifier's profile is, by what name it is kept. */
export interface Found {
  readonly shard: number;
  readonly identifier: Identifier;
}

export class PersonAsker {
  readonly #caller: ShardCaller;
  readonly #slots: SlotMap;
  readonly #clock: Clock;

  constructor(caller: ShardCaller, slots: SlotMap, clock: Clock) {
    this.#caller = caller;
    this.#slots = slots;
    this.#clock = clock;
  }

  /** Undefined when nobody has the identifier. */
  ask(
    identifier: Identifier,
    method: PersonMethod,
    rest: readonly unknown[],
    options: CallOptions = {},
  ): Promise<unknown> {
    return this.#follow(identifier, (shard, asked, by) => {
      const args: PersonArgs = { method, identifier: asked, rest, by };
      return this.#caller.call<PersonAnswer>(shard, 'person', args, { timeoutMs: TIMEOUT_MS, ...options });
    });
  }

  async find(identifier: Identifier): Promise<Found | undefined> {
    const found = await this.#follow(identifier, async (shard, asked, by) => {
      const args: PlaceArgs = { identifiers: [asked], by };
      const [place] = await this.#caller.call<PlaceAnswer>(shard, 'place', args, { timeoutMs: TIMEOUT_MS });
      return place === 'here' ? { value: { shard, identifier: asked } } : place;
    });
    return found as Found | undefined;
  }

  async #follow(
    identifier: Identifier,
    ask: (shard: number, identifier: Identifier, by: LedBy | undefined) => Promise<Told>,
  ): Promise<unknown> {
    const trail = new Trail(identifier, this.#slots);
    for (;;) {
      const answer = await ask(trail.shard, trail.identifier, trail.by);
      if (answer === null) return undefined;
      if (typeof answer === 'object' && 'value' in answer) return answer.value ?? undefined;
      if (!trail.follow(answer)) return undefined;
      await new Promise<void>((resolve) => trail.soon(this.#clock, resolve));
    }
  }
}
