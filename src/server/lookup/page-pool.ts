/** Pages for answers that are made now and sent in a moment. They are used again: new memory for each answer would keep the collector of garbage busy. */
import { BytePage } from './byte-page.ts';

const KEPT_MAX = 32;

export class PagePool {
  readonly #pages: BytePage[] = [];

  take(): BytePage {
    return this.#pages.pop() ?? new BytePage();
  }

  /** Views of the page are no longer valid. */
  give(page: BytePage): void {
    page.reset();
    if (this.#pages.length < KEPT_MAX) this.#pages.push(page);
  }
}
