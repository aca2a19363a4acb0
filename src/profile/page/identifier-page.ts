/** A profile's identifiers, by type and value, with the earliest item that came under each. Costs its events. */

import type { Identifier } from '../../model/profile.ts';
import type { IdentifierEntry, IdentifierPage, IdentifierPageRequest } from '../../model/profile-page.ts';
import type { ShardData } from '../shard-data.ts';
import { Extreme, type Item, originOf, visitItems } from './item-origin.ts';

export function identifierPage(data: ShardData, row: number, request: IdentifierPageRequest): IdentifierPage {
  const { limit, after, asOfMs } = request;
  const { identifiers, names } = data;
  const included = request.include === undefined ? undefined : new Set(request.include);
  const found: { readonly identifier: Identifier; readonly code: number }[] = [];
  for (const code of data.identifiersOf(row)) {
    if (included !== undefined && !included.has(identifiers.typeOf(code))) continue;
    const identifier = identifiers.identifierOf(code);
    if (after === undefined || compare(identifier, after) > 0) found.push({ identifier, code });
  }
  const firsts = firstItems(data, row, asOfMs);
  // As in a lookup of the past: what the profile had got by then, or something of then came under.
  const isKnown = (code: number): boolean =>
    asOfMs === undefined || identifiers.linkedAtMsOf(code) <= asOfMs || firsts.has(identifiers.ordinalOf(code));
  const known = found.filter(({ code }) => isKnown(code));
  known.sort((a, b) => compare(a.identifier, b.identifier));
  const page = known.slice(0, limit);
  return {
    identifiers: page.map(({ identifier, code }): IdentifierEntry => {
      const first = firsts.get(identifiers.ordinalOf(code));
      return {
        ...identifier,
        linkedAtMs: identifiers.linkedAtMsOf(code),
        first: first === undefined ? undefined : originOf(first, names),
      };
    }),
    hasMore: known.length > limit,
  };
}

function compare(a: Identifier, b: Identifier): number {
  if (a.type !== b.type) return a.type < b.type ? -1 : 1;
  return a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
}

/** The earliest item that came under each identifier, by ordinal. */
function firstItems(
  data: ShardData,
  row: number,
  asOfMs = Number.POSITIVE_INFINITY,
): ReadonlyMap<number, Item | undefined> {
  const firsts = new Map<number, Extreme>();
  visitItems(data, row, (table, index, timeMs) => {
    if (timeMs > asOfMs) return;
    const ordinal = table.origins.get(index);
    let first = firsts.get(ordinal);
    if (first === undefined) {
      first = new Extreme(1);
      firsts.set(ordinal, first);
    }
    first.see(table, index, timeMs);
  });
  return new Map([...firsts].map(([ordinal, { item }]) => [ordinal, item]));
}
