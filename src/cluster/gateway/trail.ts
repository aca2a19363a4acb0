/** The way from an identifier to its profile: from the owner of its slot to where that points, and so on from owner to owner; one step, nearly always. */
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Elsewhere, LedBy } from '../lookup-wire.ts';

/** Asked more often, the profile is on its way: wait a little. */
const HOPS_AT_ONCE = 4;
const HOPS_MAX = 64;
const PAUSE_MS = 5;

export class Trail {
  identifier: Identifier;
  /** To be asked next. */
  shard: number;
  /** What led there; absent: it is asked as the owner of the identifier's slot. */
  by: LedBy | undefined;
  readonly #slots: SlotMap;
  #isNormal = false;
  #hopCount = 0;

  constructor(identifier: Identifier, slots: SlotMap) {
    this.identifier = identifier;
    this.shard = slots.shardOf(identifier);
    this.#slots = slots;
  }

  /** The shard knows somebody who knows more. False: nobody has the identifier. Errors: overloaded. */
  follow(answer: Elsewhere): boolean {
    this.by = undefined;
    if (typeof answer === 'number') this.shard = answer;
    else if (answer.length === 3) {
      this.shard = answer[0];
      this.by = [answer[1], answer[2]];
    } else {
      if (this.#isNormal) return false;
      this.#isNormal = true;
      this.identifier = { type: answer[0], value: answer[1] };
      this.shard = this.#slots.shardOf(this.identifier);
    }
    this.#hopCount += 1;
    if (this.#hopCount >= HOPS_MAX) {
      throw new EngineError('overloaded', 'the profile is being moved; ask again', { retryAfterMs: 1_000 });
    }
    return true;
  }

  /** Runs `ask` when the shard is to be asked: at once, or after a pause where it was asked often. */
  soon(clock: Clock, ask: () => void): void {
    if (this.#hopCount < HOPS_AT_ONCE) ask();
    else clock.after(PAUSE_MS, ask);
  }
}
