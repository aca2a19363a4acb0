/**
 * A profile as a lookup shows it, as of a past moment or with the origin of every trait. Made of plain objects, from the kept calls
 * and the profile's events; the usual lookup is `profile-renderer.ts`, which this one agrees with.
 *
 * What counts is the time that events and calls carry. Who is one person is as of now. An identifier is shown when its profile had got it
 * by then (by the time of receipt, to the second), or when something of then came under it.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { JsonWriter } from '../../base/json-writer.ts';
import { joinPath } from '../../base/path.ts';
import type { TracedTrait } from '../../model/history.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { Value } from '../../model/value.ts';
import { isEnrichment } from '../enrichment-mark.ts';
import type { EventTable } from '../event-table.ts';
import { FieldFilter } from '../profile-renderer.ts';
import type { ShardData } from '../shard-data.ts';
import { callsInOrder } from '../trait-history.ts';
import type { ValueColumn } from '../value-column.ts';
import { ValueTree } from '../value-tree.ts';
import { jsonAt, jsonOfMade } from './plain-value.ts';
import { originOf } from './trait-origin.ts';
import { TraitTrace } from './trait-trace.ts';

type PlainObject = Record<string, unknown>;

interface KnownEvent {
  readonly table: EventTable;
  readonly index: number;
  readonly timeMs: number;
  readonly arrival: number;
}

/** Undefined when nothing of the profile was known by then. */
export function pastProfile(data: ShardData, row: number, id: string, options: LookupOptions): PlainObject | undefined {
  const atMs = options.at ?? Number.POSITIVE_INFINITY;
  const calls = callsInOrder(data.history, row, atMs);
  const events = eventsUntil(data, row, atMs);
  const times = timesOf(data, calls, events);
  // What others knew of somebody before that one came is told from when they came.
  if (times.length === 0 || data.profiles.firstSeen.get(row) > atMs) return undefined;
  const fields = options.fields === undefined ? undefined : new FieldFilter(options.fields);
  const has = (name: string): boolean => fields === undefined || fields.hasTop(name);
  const profile: PlainObject = { id };
  if (has('identifiers')) profile['identifiers'] = identifiersUntil(data, row, atMs, calls, events);
  if (has('traits') || fields!.hasTraits) {
    const keeps = (column: ValueColumn): boolean => has('traits') || fields!.keeps(column);
    const trace = new TraitTrace(data);
    for (const call of calls) trace.apply(call);
    profile['traits'] = options.verbose === true ? tracedTraits(data, trace, keeps) : plainTraits(trace, keeps);
  }
  if (has('first_seen')) profile['first_seen'] = formatIsoDate(times.reduce((a, b) => Math.min(a, b)));
  if (has('last_seen')) profile['last_seen'] = formatIsoDate(times.reduce((a, b) => Math.max(a, b)));
  if (has('counts')) profile['counts'] = countsOf(events);
  if (has('segments')) profile['segments'] = [];
  const eventLimit = options.events ?? 0;
  if (eventLimit > 0) profile['events'] = newestOf(events, eventLimit);
  return profile;
}

/** Of what counts as seen: enrichment does only where there is nothing else. */
function timesOf({ history }: ShardData, calls: Uint32Array, events: readonly KnownEvent[]): number[] {
  const own = calls.filter((call) => !isEnrichment(history, call));
  const seen = own.length === 0 && events.length === 0 ? calls : own;
  return [...events.map(({ timeMs }) => timeMs), ...Array.from(seen, (call) => history.times.get(call))];
}

function eventsUntil(data: ShardData, row: number, atMs: number): KnownEvent[] {
  const found: KnownEvent[] = [];
  // Newest name first; a lookup shows them the other way round.
  for (const { table, slot } of data.participantsOf(row).reverse()) {
    for (const index of table.eventsOf(slot)) {
      const timeMs = table.times.get(index);
      if (timeMs <= atMs) found.push({ table, index, timeMs, arrival: table.arrivals.get(index) });
    }
  }
  return found;
}

function identifiersUntil(
  data: ShardData,
  row: number,
  atMs: number,
  calls: Uint32Array,
  events: readonly KnownEvent[],
): Identifier[] {
  const { identifiers, profiles, history } = data;
  const used = new Set(events.map(({ table, index }) => table.origins.get(index)));
  for (const call of calls) used.add(history.origins.get(call));
  const primary = profiles.primaries.get(row);
  const codes = data
    .identifiersOf(row)
    .filter((code, ordinal) => identifiers.linkedAtMsOf(code) <= atMs || used.has(ordinal));
  const ordered = codes.includes(primary) ? [primary, ...codes.filter((code) => code !== primary)] : codes;
  return ordered.map((code) => identifiers.identifierOf(code));
}

function countsOf(events: readonly KnownEvent[]): Record<string, number> {
  const counts = Object.create(null) as Record<string, number>;
  for (const { table } of events) counts[table.name] = (counts[table.name] ?? 0) + 1;
  return counts;
}

/** Nested, as in any lookup. */
function plainTraits(trace: TraitTrace, keeps: (column: ValueColumn) => boolean): PlainObject {
  const root = Object.create(null) as PlainObject;
  for (const trait of trace.held()) {
    const column = trace.columnOf(trait);
    if (!keeps(column)) continue;
    const { segments } = column;
    let at = root;
    for (const segment of segments.slice(0, -1)) {
      at[segment] ??= Object.create(null) as PlainObject;
      at = at[segment] as PlainObject;
    }
    at[segments[segments.length - 1]] = JSON.parse(trace.jsonOf(trait)!);
  }
  return root;
}

/** By path. */
function tracedTraits(
  { history, names }: ShardData,
  trace: TraitTrace,
  keeps: (column: ValueColumn) => boolean,
): Record<string, TracedTrait> {
  const traced = Object.create(null) as Record<string, TracedTrait>;
  const toldOf = (json: string, call: number) => ({
    value: JSON.parse(json) as Value,
    ...originOf(history, call, names),
  });
  for (const trait of trace.held()) {
    const column = trace.columnOf(trait);
    if (!keeps(column)) continue;
    const survivor = trace.survivorOf(trait)!;
    traced[joinPath(column.segments)] =
      survivor.kind === 'call'
        ? toldOf(jsonAt(column, survivor.call)!, survivor.call)
        : {
            ...toldOf(jsonOfMade(survivor.value), survivor.calls[survivor.calls.length - 1]),
            madeOf: survivor.calls.map((call) => toldOf(jsonAt(column, call)!, call)),
          };
  }
  return traced;
}

function newestOf(events: readonly KnownEvent[], limit: number): PlainObject[] {
  const ordered = events.toSorted((a, b) => b.timeMs - a.timeMs || b.arrival - a.arrival).slice(0, limit);
  const trees = new Map<EventTable, { readonly properties: ValueTree; readonly contexts: ValueTree }>();
  return ordered.map(({ table, index, timeMs }) => {
    let tree = trees.get(table);
    if (tree === undefined) {
      tree = { properties: new ValueTree(table.properties), contexts: new ValueTree(table.contexts) };
      trees.set(table, tree);
    }
    const context = objectOf(tree.contexts, index);
    return {
      event: table.name,
      timestamp: formatIsoDate(timeMs),
      properties: objectOf(tree.properties, index) ?? {},
      messageId: table.messageIds.text(index),
      ...(context === undefined ? {} : { context }),
    };
  });
}

const writer = new JsonWriter();

/** Undefined when the tree has nothing there. */
function objectOf(tree: ValueTree, index: number): unknown {
  writer.reset();
  const count = tree.write(writer, index);
  return count === 0 ? undefined : JSON.parse(writer.bytes.toString('utf8', 0, writer.length));
}
