/**
 * The slot of every identifier of a shard, made when slots are to be moved and kept up from then on: identifiers are only ever added. 2 bytes an
 * identifier, for as long as slots are being moved.
 */
import type { SlotMap } from '../../router/slot-map.ts';
import type { Shard } from '../../shard/shard.ts';

const CODES_PER_TURN = 8_192;

export class SlotIndex {
  readonly #own: Shard;
  readonly #slots: SlotMap;
  /** Slot of code i at i − 1. */
  #slotOf = new Uint16Array(1_024);
  #count = 0;

  constructor(own: Shard, slots: SlotMap) {
    this.#own = own;
    this.#slots = slots;
  }

  /** Reads what is new, with turns between. */
  async catchUp(yieldTurn: () => Promise<void>): Promise<void> {
    while (this.#count < this.#own.data.identifiers.count) {
      this.#read(CODES_PER_TURN);
      await yieldTurn();
    }
  }

  #read(most: number): void {
    const { identifiers } = this.#own.data;
    const end = Math.min(identifiers.count, this.#count + most);
    if (end > this.#slotOf.length) {
      const larger = new Uint16Array(Math.max(end, this.#slotOf.length * 2));
      larger.set(this.#slotOf);
      this.#slotOf = larger;
    }
    for (; this.#count < end; this.#count++) {
      this.#slotOf[this.#count] = this.#slots.slotOf(identifiers.identifierOf(this.#count + 1));
    }
  }

  /** Codes of the identifiers in the slots, as of now. Costs a nanosecond an identifier of the shard, and what came since `catchUp`. */
  codesIn(slots: ReadonlySet<number>): number[] {
    this.#read(Number.POSITIVE_INFINITY);
    const codes: number[] = [];
    for (let i = 0; i < this.#count; i++) if (slots.has(this.#slotOf[i])) codes.push(i + 1);
    return codes;
  }
}
