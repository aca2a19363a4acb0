/**
 * Latency and outcomes of one route, kept so cheaply that the lookup path can afford it: a bucket per power of two
 * microseconds in a typed array (no maps, no allocation), turned into Prometheus text when it is scraped.
 */
const BUCKET_COUNT = 26;
const LONGEST_US = 2 ** 30;

export class RouteMeter {
  readonly route: string;
  /** Bucket k counts times in (2^(k-1), 2^k] µs; bucket 0 up to 1 µs; the last also what is longer (16 s). */
  readonly #buckets = new Uint32Array(BUCKET_COUNT);
  #sumMs = 0;
  #count = 0;
  #okCount = 0;
  readonly #countByStatus = new Map<number, number>();

  constructor(route: string) {
    this.route = route;
  }

  record(status: number, tookMs: number): void {
    const ceilingUs = Math.min(Math.ceil(tookMs * 1_000), LONGEST_US) | 0;
    const bucket = ceilingUs <= 1 ? 0 : 32 - Math.clz32(ceilingUs - 1);
    this.#buckets[bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT - 1] += 1;
    this.#sumMs += tookMs;
    this.#count += 1;
    if (status === 200) this.#okCount += 1;
    else this.#countByStatus.set(status, (this.#countByStatus.get(status) ?? 0) + 1);
  }

  statuses(): readonly (readonly [number, number])[] {
    return this.#okCount === 0 ? [...this.#countByStatus] : [[200, this.#okCount], ...this.#countByStatus];
  }

  /** Lines of a Prometheus histogram in seconds, cumulative, without HELP and TYPE. */
  histogramLines(name: string): string {
    const label = `route="${this.route}"`;
    let lines = '';
    let cumulative = 0;
    for (let k = 0; k < BUCKET_COUNT - 1; k += 1) {
      cumulative += this.#buckets[k];
      lines += `${name}_bucket{${label},le="${(2 ** k / 1e6).toString()}"} ${cumulative}\n`;
    }
    lines += `${name}_bucket{${label},le="+Inf"} ${this.#count}\n`;
    return `${lines}${name}_sum{${label}} ${this.#sumMs / 1_000}\n${name}_count{${label}} ${this.#count}\n`;
  }
}
