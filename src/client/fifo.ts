/** A queue in which taking from the front costs the same however long it is. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Position 0 is the front. */
  at(position: number): T | undefined {
    return this.#items[this.#head + position];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  take(count: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#head += taken.length;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  insert(position: number, items: readonly T[]): void {
    this.#items = [
      ...this.#items.slice(this.#head, this.#head + position),
      ...items,
      ...this.#items.slice(this.#head + position),
    ];
    this.#head = 0;
  }

  /** Keeps what fits, and gives the rest. */
  sift(isKept: (item: T) => boolean): T[] {
    const rest: T[] = [];
    const kept: T[] = [];
    for (let i = this.#head; i < this.#items.length; i += 1)
      (isKept(this.#items[i]) ? kept : rest).push(this.#items[i]);
    this.#items = kept;
    this.#head = 0;
    return rest;
  }
}
