/**
 * An event test on one profile, by following its chain of events: for few profiles, where a scan (1–3 ns an event, but of everybody's)
 * would cost more.
 */
import { NONE } from '../../profile/event-table.ts';
import type { EventTest, FieldTest, Measure } from '../binder/bound-expression.ts';
import { fitsNumber } from '../binder/value-test.ts';
import { ChainAggregate } from './chain-aggregate.ts';
import { EventChain } from './event-chain.ts';
import { compileIndexTest, type IndexTest } from './index-test.ts';
import { readableCell } from './live-cell.ts';
import { cellReader } from './readable-cell.ts';
import { fitsAnyNumber } from './relation.ts';
import { ScalarList } from './scalar-list.ts';

/** Whether a value of the profile at `row` fits what the profile itself holds. */
type ValueFit = (value: number, row: number) => boolean;

export class EventProbe {
  readonly #test: EventTest;
  readonly #chain: EventChain;
  readonly #aggregate: ChainAggregate;
  readonly #fitsValue: ValueFit;
  readonly #present: IndexTest;
  readonly #fits: IndexTest;

  constructor(test: EventTest, eventCount: number) {
    const { measure } = test;
    this.#test = test;
    this.#chain = new EventChain(test, eventCount);
    this.#aggregate = new ChainAggregate(measure.kind === 'number' ? measure.sources : []);
    this.#fitsValue = measure.kind === 'number' ? valueFit(measure) : () => false;
    this.#present = compileIndexTest(measure.kind === 'edge' ? measure.present : { kind: 'constant', value: true });
    this.#fits = compileIndexTest(measure.kind === 'edge' ? measure.fits : { kind: 'constant', value: true });
  }

  /** Whether the participant's events satisfy the measure. */
  fits(slot: number): boolean {
    const { measure, table } = this.#test;
    const chain = this.#chain;
    if (measure.kind === 'count') {
      const { min, max } = measure;
      chain.collect(slot, max === Infinity ? min : max + 1);
      return chain.count >= min && chain.count <= max;
    }
    chain.collect(slot, Infinity);
    if (measure.kind === 'edge') {
      const index = chain.edge(measure.fn === 'first', this.#present);
      return index !== NONE && this.#fits(index);
    }
    const value = this.#aggregate.value(measure.fn, chain);
    return value !== undefined && this.#fitsValue(value, table.participantRows.get(slot));
  }

  /** Whether the profile's events satisfy the measure; a profile may have none. */
  fitsRow(row: number): boolean {
    const { measure, table } = this.#test;
    const slot = table.slotOf(row);
    if (slot >= 0) return this.fits(slot);
    if (measure.kind === 'count') return measure.min <= 0;
    if (measure.kind === 'edge' || (measure.fn !== 'sum' && measure.fn !== 'count_distinct')) return false;
    return this.#fitsValue(0, row);
  }
}

function valueFit({ selection, against }: Extract<Measure, { kind: 'number' }>): ValueFit {
  return against === undefined ? (value) => fitsNumber(selection, value) : fieldFit(against);
}

function fieldFit({ relation, cells }: FieldTest): ValueFit {
  const readers = cells.map((cell) => cellReader(readableCell(cell)));
  const list = new ScalarList();
  return (value, row) => {
    list.clear();
    for (let r = 0; r < readers.length; r++) readers[r](row, list);
    return fitsAnyNumber(relation, value, list);
  };
}
