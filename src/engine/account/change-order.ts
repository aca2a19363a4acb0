/** Which accounts changed, in the order of their last changes, each once: what changed since a number is found without looking at the rest. */

const SPARE_COUNT = 1_024;

export class ChangeOrder {
  /** Number of the last change. */
  count = 0;
  // Side by side, ascending by number; an entry counts while it is its account's last.
  #accounts: number[] = [];
  #numbers: number[] = [];
  /** By account. */
  readonly #last: number[] = [];

  note(account: number): void {
    // Nothing was asked for since: once is enough.
    if (this.count > 0 && this.#accounts[this.#accounts.length - 1] === account) return this.#renumber();
    while (this.#last.length <= account) this.#last.push(0);
    this.count += 1;
    this.#last[account] = this.count;
    this.#accounts.push(account);
    this.#numbers.push(this.count);
    if (this.#accounts.length > 2 * this.#last.length + SPARE_COUNT) this.#compact();
  }

  /** Accounts that changed after that, with the numbers of their changes, ascending. */
  *since(number: number): IterableIterator<readonly [account: number, number: number]> {
    for (let i = this.#firstAfter(number); i < this.#accounts.length; i++) {
      const account = this.#accounts[i];
      if (this.#last[account] === this.#numbers[i]) yield [account, this.#numbers[i]];
    }
  }

  #renumber(): void {
    const at = this.#accounts.length - 1;
    this.count += 1;
    this.#numbers[at] = this.count;
    this.#last[this.#accounts[at]] = this.count;
  }

  #firstAfter(number: number): number {
    let low = 0;
    let high = this.#numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle] <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compact(): void {
    const kept = this.#numbers.map((number, i) => this.#last[this.#accounts[i]] === number);
    this.#accounts = this.#accounts.filter((_, i) => kept[i]);
    this.#numbers = this.#numbers.filter((_, i) => kept[i]);
  }
}
