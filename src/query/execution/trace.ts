/** What an evaluation really did, by operator: rows left and time spent, for `explain`. Nothing is noted unless somebody asks. */
import type { RowSet } from '../../bitmap/row-set.ts';
import type { Operator } from './operator.ts';

export interface Traced {
  /** Rows that it left, of those it was asked about. */
  readonly rows: number;
  /** With the parts under it, and with waiting for workers and turns. */
  readonly tookMs: number;
  /** How it was done, where there is more than one way. */
  readonly way: string | undefined;
}

export class Trace {
  readonly #monotonicMs: () => number;
  readonly #traced = new Map<Operator, Traced>();
  readonly #ways = new Map<Operator, string>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  now(): number {
    return this.#monotonicMs();
  }

  /** An operator that stands at several places is asked several times: its time adds up, its rows are those of the last time. */
  add(operator: Operator, rows: RowSet, startedMs: number): void {
    const before = this.#traced.get(operator)?.tookMs ?? 0;
    this.#traced.set(operator, {
      rows: rows.cardinality,
      tookMs: before + this.now() - startedMs,
      way: this.#ways.get(operator),
    });
  }

  choose(operator: Operator, way: string): void {
    this.#ways.set(operator, way);
  }

  /** Undefined: it was not needed. */
  of(operator: Operator): Traced | undefined {
    return this.#traced.get(operator);
  }
}
