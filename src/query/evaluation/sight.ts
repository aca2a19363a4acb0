/** What a leaf sees of one profile, for people: the values, how many events, the aggregate's value, the times of a sequence. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { AggregateCondition, EventLeaf, Expression, SequenceLeaf, TraitLeaf } from '../../model/expression.ts';
import type { WhySaw } from '../../model/segment.ts';
import { NONE } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { isFieldReference, traitCells } from '../binder/bind-compare.ts';
import type { ConditionBinder } from '../binder/bind-condition.ts';
import { edgeFormulas } from '../binder/bind-edge.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { bindSequence } from '../binder/bind-sequence.ts';
import { BucketHash } from '../binder/random-bucket.ts';
import { ANY_VALUE, propertySources } from '../binder/value-source.ts';
import { resolveWindow } from '../binder/window.ts';
import { ChainAggregate, readersOf, scalarAt } from './chain-aggregate.ts';
import { EventChain } from './event-chain.ts';
import { compileIndexTest } from './index-test.ts';
import { liveIdentities, readableCell } from './live-cell.ts';
import { cellReader } from './readable-cell.ts';
import { ScalarList } from './scalar-list.ts';
import { SequenceRow } from './sequence-row.ts';

type SeenValue = string | number | boolean;

export class Sight {
  readonly #data: ShardData;
  readonly #binder: ConditionBinder;
  readonly #row: number;

  /** `binder`: of the moment that is looked at. */
  constructor(data: ShardData, binder: ConditionBinder, row: number) {
    this.#data = data;
    this.#binder = binder;
    this.#row = row;
  }

  of(leaf: Expression): WhySaw | undefined {
    if ('trait' in leaf) return this.#trait(leaf);
    if ('event' in leaf) return this.#events(leaf);
    if ('sequence' in leaf) return this.#sequence(leaf);
    if ('random' in leaf) {
      return { bucket: new BucketHash(leaf.random.salt, liveIdentities(this.#data)).valueOf(this.#row) };
    }
    return undefined;
  }

  #trait({ trait, value }: TraitLeaf): WhySaw {
    const values = this.#traitValues(trait);
    return isFieldReference(value) && 'trait' in value
      ? { values, against: this.#traitValues(value.trait) }
      : { values };
  }

  #traitValues(path: string): SeenValue[] {
    const list = new ScalarList();
    for (const { cell } of traitCells(this.#data.profiles, path)) cellReader(readableCell(cell))(this.#row, list);
    return valuesOf(list);
  }

  #events(leaf: EventLeaf): WhySaw {
    const table = this.#data.tableOf(leaf.event);
    const slot = table?.slotOf(this.#row) ?? -1;
    const range = resolveWindow(leaf.window, this.#binder.nowMs);
    const events = table === undefined || slot < 0 ? undefined : eventsOf(table, range, leaf, this.#binder);
    let chain: EventChain | undefined;
    if (events !== undefined) {
      chain = new EventChain(events, events.table.eventCount);
      chain.collect(slot, Infinity);
    }
    const { aggregate } = leaf;
    if (aggregate === undefined) return { count: chain?.count ?? 0 };
    const value = this.#aggregate(aggregate, leaf.event, chain);
    const field = aggregate.value;
    if (!isFieldReference(field) || !('trait' in field)) return { value };
    return { value, against: this.#traitValues(field.trait) };
  }

  #aggregate({ fn, property }: AggregateCondition, event: string, chain: EventChain | undefined): SeenValue | null {
    const table = this.#data.tableOf(event);
    const isPicked = fn === 'first' || fn === 'last';
    if (table === undefined || chain === undefined) return fn === 'sum' || fn === 'count_distinct' ? 0 : null;
    const sources = propertySources(table, property, this.#binder);
    if (!isPicked) return new ChainAggregate(sources).value(fn, chain) ?? null;
    const { present } = edgeFormulas(sources, ANY_VALUE, this.#binder);
    const index = chain.edge(fn === 'first', compileIndexTest(present));
    if (index === NONE) return null;
    const list = new ScalarList(true);
    for (const { guard, read } of readersOf(sources, true)) if (guard === undefined || guard(index)) read(index, list);
    return valuesOf(list)[0] ?? null;
  }

  /** The times of one assignment; where there is none, of the longest beginning that has one. */
  #sequence({ sequence, window }: SequenceLeaf): WhySaw {
    const moment = { nowMs: this.#binder.nowMs, atMs: undefined };
    for (let count = sequence.length; count > 0; count--) {
      const part = { sequence: sequence.slice(0, count), ...(window === undefined ? {} : { window }) };
      const bound = bindSequence(this.#data, part, this.#binder, moment);
      if (bound.kind === 'constant') continue;
      const found = new SequenceRow(bound, (table) => table.eventCount).find(this.#row);
      if (found !== undefined) return { steps: count, times: found.map(({ timeMs }) => formatIsoDate(timeMs)) };
    }
    return { steps: 0, times: [] };
  }
}

function valuesOf(list: ScalarList): SeenValue[] {
  return Array.from({ length: list.count }, (_, i) => scalarAt(list, i));
}
