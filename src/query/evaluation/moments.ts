/**
 * The moments at which a leaf's truth can change for one profile if nothing new comes: when one of its events enters or leaves the window,
 * when a date that it looks at crosses an edge of "within last", "within next" or "older than", when a calendar period ends.
 * Between two of them the leaf sees the same events and the same values, so its truth is constant there.
 */
import { parseIsoDateBytesMs } from '../../base/iso-date.ts';
import { zoneOffsetMs } from '../../base/time-zone.ts';
import type {
  EventLeaf,
  Expression,
  Operand,
  Operator,
  PropertyPredicate,
  SequenceLeaf,
  TraitLeaf,
  Window,
} from '../../model/expression.ts';
import { type EventTable, NONE } from '../../profile/event-table.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import { traitCells } from '../binder/bind-compare.ts';
import type { ConditionBinder } from '../binder/bind-condition.ts';
import { parseDurationMs } from '../binder/duration.ts';
import { propertySources } from '../binder/value-source.ts';
import { CALENDAR_MAX_MS, CALENDAR_MIN_MS, resolveWindow } from '../binder/window.ts';
import { type GuardedReader, readersOf } from './chain-aggregate.ts';
import { readableCell } from './live-cell.ts';
import { cellReader } from './readable-cell.ts';
import { ScalarList, TAG_TEXT } from './scalar-list.ts';

/** Around a boundary of local days, clocks may be set. */
const CLOCK_CHANGE_REACH_MS = 3 * 3_600_000;

interface Relative {
  readonly op: Operator;
  readonly durationMs: number;
}

interface DatedProperty extends Relative {
  readonly readers: readonly GuardedReader[];
}

export class MomentFinder {
  readonly #data: ShardData;
  readonly #binder: ConditionBinder;
  readonly #row: number;
  readonly #nowMs: number;
  readonly #list = new ScalarList();
  readonly #clockChanges = new Map<string, readonly number[]>();
  #found = new Set<number>();

  /** Moments after `nowMs`, of the profile at `row`. */
  constructor(data: ShardData, binder: ConditionBinder, row: number, nowMs: number) {
    this.#data = data;
    this.#binder = binder;
    this.#row = row;
    this.#nowMs = nowMs;
  }

  /** In ascending order. */
  of(leaf: Expression): Float64Array {
    this.#found = new Set();
    if ('trait' in leaf) this.#trait(leaf);
    else if ('event' in leaf) this.#events(leaf);
    else if ('sequence' in leaf) this.#sequence(leaf);
    return Float64Array.from(this.#found).sort();
  }

  #trait({ trait, op, value }: TraitLeaf): void {
    const relative = relativeOf(op, value);
    if (relative === undefined) return;
    for (const { cell } of traitCells(this.#data.profiles, trait)) {
      const read = cellReader(readableCell(cell));
      this.#list.clear();
      read(this.#row, this.#list);
      this.#addDates(relative);
    }
  }

  #events({ event, where, window, aggregate }: EventLeaf): void {
    const conditions = [...(where ?? []), ...(aggregate === undefined ? [] : [aggregate])];
    this.#eventsOf(event, conditions, window);
  }

  #sequence({ sequence, window }: SequenceLeaf): void {
    for (const { event, where, without } of sequence) {
      this.#eventsOf(event, where ?? [], window);
      if (without !== undefined) this.#eventsOf(without.event, without.where ?? [], undefined);
    }
  }

  #eventsOf(name: string, conditions: readonly PropertyPredicate[], window: Window | undefined): void {
    const table = this.#data.tableOf(name);
    const slot = table?.slotOf(this.#row) ?? -1;
    if (table === undefined || slot < 0) return;
    const dated = conditions.flatMap((condition) => this.#dated(table, condition));
    if (dated.length === 0 && (window === undefined || 'from' in window || 'to' in window)) return;
    for (let index = table.participantLasts.get(slot); index !== NONE; index = table.previous.get(index)) {
      if (window !== undefined) this.#addWindow(window, table.times.get(index));
      for (const { readers, ...relative } of dated) {
        this.#list.clear();
        for (const { guard, read } of readers) if (guard === undefined || guard(index)) read(index, this.#list);
        this.#addDates(relative);
      }
    }
  }

  #dated(table: EventTable, { property, op, value }: PropertyPredicate): DatedProperty[] {
    const relative = relativeOf(op, value);
    if (relative === undefined) return [];
    return [{ ...relative, readers: readersOf(propertySources(table, property, this.#binder)) }];
  }

  #add(moment: number): void {
    if (moment > this.#nowMs && moment <= CALENDAR_MAX_MS) this.#found.add(moment);
  }

  #addDates({ op, durationMs }: Relative): void {
    const list = this.#list;
    for (let i = 0; i < list.count; i++) {
      if (list.tags[i] !== TAG_TEXT) continue;
      const ms = parseIsoDateBytesMs(list.blocks[i], list.starts[i], list.sizes[i]);
      if (Number.isNaN(ms)) continue;
      if (op === 'within_next') {
        this.#add(ms - durationMs + 1);
        this.#add(ms + 1);
      } else {
        if (op === 'within_last') this.#add(ms);
        this.#add(ms + durationMs + 1);
      }
    }
  }

  /** When an event at `timeMs` enters the window, and when it leaves it. */
  #addWindow(window: Window, timeMs: number): void {
    if ('last' in window) {
      this.#add(timeMs);
      this.#add(timeMs + parseDurationMs(window.last) + 1);
    } else if ('between' in window) {
      for (const edge of window.between) this.#add(timeMs + parseDurationMs(edge) + 1);
    } else if ('calendar' in window && timeMs >= CALENDAR_MIN_MS && timeMs <= CALENDAR_MAX_MS) {
      // The event is inside while now is in the period as far from the event's as the event's is to be from now's.
      // By a clock that goes back over midnight the event may be of the period before or after the one it lies in.
      const reach = window.timeZone === undefined ? 0 : 1;
      for (let shift = -reach; shift <= reach; shift++) {
        const { fromMs, untilMs } = resolveWindow({ ...window, offset: shift - (window.offset ?? 0) }, timeMs);
        this.#addBoundary(fromMs, window.timeZone);
        this.#addBoundary(untilMs, window.timeZone);
      }
    }
  }

  /** A day that began may, where clocks go back over midnight, be yesterday once more. */
  #addBoundary(moment: number, zone: string | undefined): void {
    this.#add(moment);
    if (zone === undefined || moment + CLOCK_CHANGE_REACH_MS <= this.#nowMs) return;
    const key = `${moment} ${zone}`;
    let changes = this.#clockChanges.get(key);
    if (changes === undefined) {
      changes = clockChanges(zone, moment - CLOCK_CHANGE_REACH_MS, moment + CLOCK_CHANGE_REACH_MS);
      this.#clockChanges.set(key, changes);
    }
    for (const change of changes) {
      this.#add(change);
      // From the change on, local midnight comes when the clock shows it again.
      this.#add(moment + Math.abs(zoneOffsetMs(zone, change) - zoneOffsetMs(zone, change - 1)));
    }
  }
}

function relativeOf(op: Operator, value: Operand | undefined): Relative | undefined {
  const isRelative = op === 'within_last' || op === 'within_next' || op === 'older_than';
  return isRelative ? { op, durationMs: parseDurationMs(String(value)) } : undefined;
}

/** The first moment of the new offset, where the zone has two between the moments. */
function clockChanges(zone: string, fromMs: number, untilMs: number): readonly number[] {
  const before = zoneOffsetMs(zone, fromMs);
  if (zoneOffsetMs(zone, untilMs) === before) return [];
  let low = fromMs;
  let high = untilMs;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (zoneOffsetMs(zone, middle) === before) low = middle;
    else high = middle;
  }
  return [high];
}
