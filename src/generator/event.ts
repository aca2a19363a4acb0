/**
 * What happens in one visit, event by event: the name from a Markov chain whose stationary weights are the advertised
 * ones, and the properties that such an event carries in Segment's e-commerce spec. A product viewed is the product
 * then added and bought, so that funnels convert.
 */
import { Choice, zipfWeights } from './choice.ts';
import { deriveKey, mix, type Random } from './random.ts';
import { CATEGORIES, EVENT_NAMES, PAGES, REFERRERS } from './vocabulary.ts';

export type GeneratedProperties = Readonly<Record<string, string | number | boolean>>;

const PAGE_VIEWED = 0;
const PRODUCT_VIEWED = 1;
const PRODUCT_ADDED = 2;
const ORDER_COMPLETED = 3;
const OTHER = 4;
const PRODUCT_COUNT = 2_000;

/** Flow from row to column in tenths of a percent of all events. Row sums equal column sums, so the weights of the
 * names (600, 200, 80, 30, 90) hold at every position of a visit that starts by them. */
const FLOW = [
  // page viewed, product viewed, added, completed, other
  [430, 110, 5, 1, 54],
  [90, 43, 57, 0, 10],
  [20, 26, 10, 22, 2],
  [20, 3, 0, 0, 7],
  [40, 18, 8, 7, 17],
];
const startChoice = new Choice(FLOW.map((row) => row.reduce((sum, flow) => sum + flow, 0)));
const nextChoices = FLOW.map((row) => new Choice(row));
const otherChoice = new Choice(zipfWeights(EVENT_NAMES.length - OTHER));
const productChoice = new Choice(zipfWeights(PRODUCT_COUNT));
const pageChoice = new Choice(zipfWeights(PAGES.length));
const referrerChoice = new Choice(zipfWeights(REFERRERS.length));

interface Product {
  readonly sku: string;
  readonly category: string;
  readonly priceCents: number;
}
const products: readonly Product[] = Array.from({ length: PRODUCT_COUNT }, (_, index) => {
  const hash = mix(index + 1);
  return {
    sku: `SKU-${String(index).padStart(4, '0')}`,
    category: CATEGORIES[hash % CATEGORIES.length],
    priceCents: 199 + (hash % 97) * (hash % 211) + (hash % 100),
  };
});

export class Visit {
  #state = -1;
  #product = products[0];
  #quantity = 1;

  begin(random: Random): void {
    this.#state = -1;
    this.#product = products[productChoice.draw(random)];
    this.#quantity = 1;
  }

  /** Index into EVENT_NAMES of the visit's next event. */
  nextName(random: Random): number {
    const state = (this.#state < 0 ? startChoice : nextChoices[this.#state]).draw(random);
    this.#state = state;
    if (state === PRODUCT_VIEWED) this.#product = products[productChoice.draw(random)];
    if (state === PRODUCT_ADDED) this.#quantity = random.isWithin(0.7) ? 1 : 2 + random.below(4);
    return state === OTHER ? OTHER + otherChoice.draw(random) : state;
  }

  /** `orderKey` names the order if it is one. */
  properties(nameIndex: number, random: Random, orderKey: number): GeneratedProperties {
    const { sku, category, priceCents } = this.#product;
    if (nameIndex === PAGE_VIEWED) {
      const path = random.isWithin(0.4) ? `/c/${category}` : PAGES[pageChoice.draw(random)];
      return { path, referrer: REFERRERS[referrerChoice.draw(random)], load_ms: 80 + random.below(1_500) };
    }
    if (nameIndex === PRODUCT_VIEWED) return { sku, category, price: priceCents / 100 };
    if (nameIndex === PRODUCT_ADDED) return { sku, category, price: priceCents / 100, quantity: this.#quantity };
    if (nameIndex === ORDER_COMPLETED) {
      const shippingCents = priceCents * this.#quantity >= 5_000 ? 0 : 495;
      return {
        order_id: `o-${orderKey.toString(36)}-${deriveKey(orderKey, 7).toString(36)}`,
        total: (priceCents * this.#quantity + shippingCents) / 100,
        shipping: shippingCents / 100,
        sku,
        category,
        price: priceCents / 100,
        quantity: this.#quantity,
        coupon: random.isWithin(0.2),
      };
    }
    return { category, position: random.below(20) };
  }
}
