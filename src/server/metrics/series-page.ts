/**
 * Series whose numbers are read when the page is scraped. The engine is asked once for a whole page, so that its
 * numbers belong together.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { assert } from '../../base/assert.ts';
import type { Awaitable } from '../../base/awaitable.ts';
import type { EngineStats } from '../../engine/gateway.ts';

export type SeriesKind = 'counter' | 'gauge';
/** The label's value, or the values of all labels in order, and the number. */
export type Sample = readonly [labels: string | readonly string[], value: number];

export class SeriesPage {
  readonly #registry = new Registry();
  readonly #readStats: () => Awaitable<EngineStats>;
  #stats: EngineStats | undefined;

  constructor(readStats: () => Awaitable<EngineStats>) {
    this.#readStats = readStats;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  single(kind: SeriesKind, name: string, help: string, read: (stats: EngineStats) => number): void {
    this.labelled(kind, name, help, [], (stats) => [[[], read(stats)]]);
  }

  labelled(
    kind: SeriesKind,
    name: string,
    help: string,
    labels: readonly string[],
    read: (stats: EngineStats) => readonly Sample[],
  ): void {
    const write = (set: (values: Record<string, string>, value: number) => void): void => {
      assert(this.#stats !== undefined, 'series are collected by render only');
      for (const [texts, value] of read(this.#stats)) {
        const values = typeof texts === 'string' ? [texts] : texts;
        set(Object.fromEntries(labels.map((label, index) => [label, values[index]])), value);
      }
    };
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    if (kind === 'gauge') {
      const gauge = new Gauge({
        ...options,
        collect: () => {
          gauge.reset();
          write((values, value) => gauge.set(values, value));
        },
      });
      return;
    }
    const counter = new Counter({
      ...options,
      collect: () => {
        counter.reset();
        write((values, value) => counter.inc(values, value));
      },
    });
  }

  async render(): Promise<string> {
    this.#stats = await this.#readStats();
    return this.#registry.metrics();
  }

  clear(): void {
    this.#registry.clear();
  }
}
