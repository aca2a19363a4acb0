/** A dimension of a breakdown on one shard: its columns, captured, and what its slots stand for. */
import { formatIsoDate } from '../../base/iso-date.ts';
import { splitPath } from '../../base/path.ts';
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import type { Dimension, GroupValue } from '../../model/analysis.ts';
import type { EventTable } from '../../profile/event-table.ts';
import type { TextColumn } from '../../profile/text-column.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { ArrayWalk } from '../binder/array-walk.ts';
import { isSeenPath, seenColumn } from '../binder/bind-seen.ts';
import { reachPath } from '../binder/path-reach.ts';
import { propertySources, type ScalarSource, scalarSources } from '../binder/value-source.ts';
import { calendarPeriods, dayText } from './calendar-periods.ts';
import type { SlotDimension, SlotSource } from './group-slot.ts';
import type { ImageSet } from './image-set.ts';
import type { Instant } from './instant.ts';
import type { ElementScan } from './measure-scan.ts';
import { programOf } from './program.ts';
import { timeBounds } from './time-bounds.ts';

export interface CapturedDimension {
  readonly dimension: SlotDimension;
  /** At least one value; `numbers` are those the scan met. Valid while `generation` is what it was. */
  readonly valuesOf: (slot: number, numbers: Float64Array) => readonly GroupValue[];
  /** Grows when a dictionary was renumbered. */
  readonly generation: () => number;
}

const MISSING: readonly GroupValue[] = [null];
const NEVER = (): number => 0;

/** `events`: absent where profiles are counted. */
export function captureDimension(
  instant: Instant,
  by: Dimension,
  events: { readonly table: EventTable; readonly elements: ElementScan } | undefined,
): CapturedDimension {
  const { data, images, conditions } = instant;
  if (typeof by === 'string' || 'trait' in by) {
    const segments = splitPath(typeof by === 'string' ? by : by.trait);
    if (isSeenPath(segments)) {
      const column = seenColumn(data.profiles, segments);
      return seenDimension(column === undefined ? undefined : images.image(column));
    }
    return valueDimension(scalarSources(reachPath(data.profiles.traits, segments)), images, true);
  }
  if ('property' in by) return valueDimension(propertySources(events!.table, by.property, conditions), images, false);
  const { elements } = events!;
  const bounds = timeBounds([elements], elements.range) ?? { minMs: 0, maxMs: 0 };
  const calendar = calendarPeriods(by.period, by.timeZone ?? 'UTC', bounds.minMs, bounds.maxMs);
  return {
    dimension: { kind: 'period', calendar, times: elements.times! },
    valuesOf: (slot) => [dayText(calendar.days[slot - 1])],
    generation: NEVER,
  };
}

/** The engine keeps instants; the language sees their texts. */
function seenDimension(image: SlotSource['image'] | undefined): CapturedDimension {
  const guard = { kind: 'constant', value: true } as const;
  const sources: SlotSource[] = image === undefined ? [] : [{ kind: 'numbers', guard, image, base: 0 }];
  return {
    dimension: { kind: 'values', isOfProfile: true, sources, numberBase: 1 },
    valuesOf: (slot, numbers) => (slot === 0 ? MISSING : [formatIsoDate(numbers[slot - 1])]),
    generation: NEVER,
  };
}

interface Stretch {
  readonly base: number;
  readonly end: number;
  readonly valuesOf: (code: number) => readonly GroupValue[];
}

function valueDimension(sources: readonly ScalarSource[], images: ImageSet, isOfProfile: boolean): CapturedDimension {
  const found: SlotSource[] = [];
  const stretches: Stretch[] = [];
  const owners: TextColumn[] = [];
  let next = 0;
  const addCodes = (source: ScalarSource, image: SlotSource['image'], count: number, of: Stretch['valuesOf']): void => {
    found.push({ kind: 'codes', guard: programOf(source.guard, images), image, base: next });
    stretches.push({ base: next, end: next + count, valuesOf: of });
    next += count;
  };
  for (const source of sources) {
    if (source.kind === 'array') {
      const { arrays, rest } = source;
      owners.push(arrays);
      const walk = new ArrayWalk(rest);
      addCodes(source, images.image(arrays.codes), arrays.dictionary.count, (code) => scalarsOf(walk, arrays, code));
      continue;
    }
    const { strings, booleans, numbers } = source.column;
    if (strings !== undefined) {
      owners.push(strings);
      addCodes(source, images.image(strings.codes), strings.dictionary.count, (code) => [
        strings.dictionary.text(code),
      ]);
    }
    if (booleans !== undefined)
      addCodes(source, images.image(booleans), BOOLEAN_TRUE, (code) => [code === BOOLEAN_TRUE]);
    if (numbers !== undefined)
      found.push({ kind: 'numbers', guard: programOf(source.guard, images), image: images.image(numbers), base: 0 });
  }
  const numberBase = next + 1;
  const valuesOf = (slot: number, numbers: Float64Array): readonly GroupValue[] => {
    if (slot === 0) return MISSING;
    if (slot >= numberBase) return [numbers[slot - numberBase] + 0];
    const stretch = stretches.find(({ end }) => slot <= end)!;
    return stretch.valuesOf(slot - stretch.base);
  };
  const generation = (): number => owners.reduce((sum, owner) => sum + owner.generation, 0);
  return { dimension: { kind: 'values', isOfProfile, sources: found, numberBase }, valuesOf, generation };
}

/** Distinct scalars of an array; missing where it has none. */
function scalarsOf(walk: ArrayWalk, { dictionary }: TextColumn, code: number): readonly GroupValue[] {
  const found = new Set<GroupValue>();
  const add = (value: GroupValue): false => {
    found.add(value);
    return false;
  };
  walk.run(dictionary, code, {
    present: () => false,
    number: (value) => add(value + 0),
    boolean: add,
    text: (bytes, start, size) => add(decodeUtf8(bytes, start, size)),
  });
  return found.size === 0 ? MISSING : [...found];
}
