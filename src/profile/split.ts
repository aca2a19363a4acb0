/**
 * A profile falls apart where links between its identifiers are cut: each part that is still linked becomes a profile of its own,
 * with the events, calls and journal entries that came under its identifiers. All parts get new rows, since tables only grow. A
 * part under whose identifiers nothing ever came is no profile: without the link nobody would have heard of it.
 */
import { isEnrichment } from './enrichment-mark.ts';
import { TYPE_USER_ID } from './identifier-store.ts';
import { copyEvent, everythingOf, type PlacedEvent } from './merge.ts';
import type { ShardData } from './shard-data.ts';

/** The parts of the profile's identifiers that links hold together, each in the order of ordinals. */
export function partsOf(data: ShardData, row: number): number[][] {
  const codes = data.identifiersOf(row);
  const rootOf = new Map<number, number>(codes.map((code) => [code, code]));
  const find = (code: number): number => {
    let root = code;
    while (rootOf.get(root)! !== root) root = rootOf.get(root)!;
    for (let at = code; at !== root; ) {
      const next = rootOf.get(at)!;
      rootOf.set(at, root);
      at = next;
    }
    return root;
  };
  const join = (a: number, b: number): void => {
    if (rootOf.has(a) && rootOf.has(b)) rootOf.set(find(a), find(b));
  };
  for (const code of codes) {
    const parent = data.identifiers.parentOf(code);
    if (parent !== 0) join(code, parent);
    for (const { a, b } of data.links.of(code)) join(a, b);
  }
  const parts = new Map<number, number[]>();
  for (const code of codes) {
    const root = find(code);
    const part = parts.get(root);
    if (part === undefined) parts.set(root, [code]);
    else part.push(code);
  }
  return [...parts.values()];
}

/** Undoes the link between two identifiers, whichever way it is kept. */
export function unlink(data: ShardData, a: number, b: number): void {
  const { identifiers, links } = data;
  if (identifiers.parentOf(a) === b) identifiers.setParent(a, 0);
  if (identifiers.parentOf(b) === a) identifiers.setParent(b, 0);
  links.remove(a, b);
}

/** Gives each part of the profile a row; gives the rows, or the row itself when it is still one profile. */
export function splitRow(data: ShardData, row: number): number[] {
  const parts = partsOf(data, row);
  if (parts.length < 2) return [row];
  const { identifiers } = data;
  const events = everythingOf(data, row);
  const codes = data.identifiersOf(row);
  const partOf = new Map<number, number>();
  parts.forEach((part, i) => {
    for (const code of part) partOf.set(code, i);
  });
  const eventsOf: (typeof events)[] = parts.map(() => []);
  for (const event of events) eventsOf[partOf.get(codes[event.table.origins.get(event.index)])!].push(event);
  // By code, before identifiers get their new ordinals.
  const originOf = new Map(events.map((event) => [event, codes[event.table.origins.get(event.index)]]));
  const rows: number[] = [];
  parts.forEach((part, i) => {
    if (!eventsOf[i].some((event) => isSignOfLife(data, event))) {
      for (const code of part) data.freeIdentifier(code);
      return;
    }
    rows.push(makePart(data, part, eventsOf[i], (event) => identifiers.ordinalOf(originOf.get(event)!)));
  });
  data.bury(row);
  return rows;
}

/** The journal alone makes no profile, nor does what others know. */
function isSignOfLife(data: ShardData, { table, index }: PlacedEvent): boolean {
  return table !== data.journal && !(table === data.history && isEnrichment(table, index));
}

function makePart(
  data: ShardData,
  part: readonly number[],
  events: ReturnType<typeof everythingOf>,
  originOf: (event: (typeof events)[number]) => number,
): number {
  const { profiles, identifiers } = data;
  const times = events.filter((event) => isSignOfLife(data, event)).map(({ table, index }) => table.times.get(index));
  const row = data.addRow(times[0]);
  let head = 0;
  part.forEach((code, ordinal) => {
    identifiers.rehome(code, row, head, ordinal);
    head = code;
  });
  profiles.identifierHeads.set(row, head);
  profiles.primaries.set(row, part.find((code) => identifiers.typeIdOf(code) === TYPE_USER_ID) ?? part[0]);
  for (const timeMs of times) profiles.see(row, timeMs);
  for (const event of events) copyEvent(data, event, row, originOf(event));
  data.traits.foldLater(row);
  return row;
}
