/**
 * A profile's traits by top-level name, some at a time. As they are now they are read from the columns; as of a past moment, and where they
 * came from, they are folded from the calls.
 */
import type { TraitEntry, TraitPage, TraitPageRequest } from '../../model/profile-page.ts';
import { jsonAt } from '../history/plain-value.ts';
import { TraitTrace } from '../history/trait-trace.ts';
import type { ShardData } from '../shard-data.ts';
import { callsInOrder } from '../trait-history.ts';
import { type FieldFilter, fieldFilter } from './field-filter.ts';
import { originOf } from './item-origin.ts';
import { type JsonMember, nestedJson } from './nested-json.ts';

export function traitPage(data: ShardData, row: number, request: TraitPageRequest): TraitPage {
  const keep = fieldFilter(request.fields, 'traits');
  const isPresent = request.asOfMs === undefined && request.hasLineage !== true;
  return isPresent ? presentPage(data, row, request, keep) : foldedPage(data, row, request, keep);
}

function presentPage({ profiles }: ShardData, row: number, request: TraitPageRequest, keep: FieldFilter): TraitPage {
  const held = profiles.traits.filter((column) => column.has(row) && keep(column.segments));
  return pageOf(groupByName(held, request), request.limit, (name, columns) => ({
    name,
    json: nestedJson(columns.map((column) => memberOf(column.segments, jsonAt(column, row)))),
  }));
}

function foldedPage(data: ShardData, row: number, request: TraitPageRequest, keep: FieldFilter): TraitPage {
  const { history, names } = data;
  const trace = new TraitTrace(data);
  for (const call of callsInOrder(history, row, request.asOfMs)) trace.apply(call);
  const held = trace
    .held()
    .map((trait) => ({ trait, segments: trace.columnOf(trait).segments }))
    .filter(({ segments }) => keep(segments));
  return pageOf(groupByName(held, request), request.limit, (name, traits) => {
    const json = nestedJson(traits.map(({ trait, segments }) => memberOf(segments, trace.jsonOf(trait))));
    if (request.hasLineage !== true) return { name, json };
    const calls = traits.flatMap(({ trait }) => callsOf(trace, trait));
    const newest = calls.reduce((a, b) => (history.times.get(b) >= history.times.get(a) ? b : a));
    return { name, json, lineage: originOf({ table: history, index: newest }, names) };
  });
}

/** Below the trait's name. */
function memberOf(segments: readonly string[], json = 'null'): JsonMember {
  return { path: segments.slice(1), json };
}

function callsOf(trace: TraitTrace, trait: number): readonly number[] {
  const survivor = trace.survivorOf(trait);
  if (survivor === undefined) return [];
  return survivor.kind === 'call' ? [survivor.call] : survivor.calls;
}

/** Of what the request includes, and stands behind the page before. */
function groupByName<Part extends { readonly segments: readonly string[] }>(
  parts: readonly Part[],
  { after, include }: TraitPageRequest,
): ReadonlyMap<string, Part[]> {
  const included = include === undefined ? undefined : new Set(include);
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const [name] = part.segments;
    if ((after !== undefined && name <= after) || included?.has(name) === false) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [part]);
    else group.push(part);
  }
  return groups;
}

function pageOf<Part>(
  groups: ReadonlyMap<string, readonly Part[]>,
  limit: number,
  entryOf: (name: string, parts: readonly Part[]) => TraitEntry,
): TraitPage {
  const ordered = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    traits: ordered.slice(0, limit).map(([name, parts]) => entryOf(name, parts)),
    hasMore: ordered.length > limit,
  };
}
