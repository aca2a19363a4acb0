/** The numbers that percentiles are of, on one shard: over events of the selected rows, or over a trait of theirs. */

import { splitPath } from '../../base/path.ts';
import type { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { TotalRequest } from '../../model/analysis.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { isSeenPath } from '../binder/bind-seen.ts';
import { reachPath } from '../binder/path-reach.ts';
import { assertAggregateSupported, assertChoiceSupported } from '../binder/supported.ts';
import { propertySources, scalarSources } from '../binder/value-source.ts';
import { resolveWindow } from '../binder/window.ts';
import { newControl } from './chunk-claim.ts';
import { type DistinctInputs, distinctInputs } from './distinct-source.ts';
import { eventScan } from './event-measure.ts';
import type { GatherScan } from './gather-scan.ts';
import type { Instant } from './instant.ts';
import type { ElementScan } from './measure-scan.ts';
import { programOf } from './program.ts';
import { candidateChunks } from './row-scan.ts';
import type { SortedNumbers } from './sorted-numbers.ts';

/** With sorting what is gathered. */
const GATHER_AND_SORT_NS = 30;

export function captureNumbers(
  instant: Instant,
  request: TotalRequest,
): (rows: RowSet) => Promise<readonly SortedNumbers[]> {
  assertAggregateSupported(request, instant.moment.atMs);
  assertChoiceSupported(request.where, [], instant.moment.atMs);
  const captured = captureElements(instant, request);
  if (captured === undefined) return async () => [];
  const { elements, inputs } = captured;
  return async (rows) => {
    const members = rows.cardinality === instant.rowCount ? undefined : rows.toWords(instant.rowCount);
    const chunks = elements.rows === undefined ? candidateChunks(instant.rowCount, members) : elements.chunks;
    const scan: GatherScan = {
      ...elements,
      kind: 'gather',
      members,
      chunks,
      sources: inputs.sources,
      costNs: chunks.length * CHUNK_ROWS * GATHER_AND_SORT_NS,
    };
    return instant.scan(scan);
  };
}

function captureElements(
  instant: Instant,
  request: TotalRequest,
): { readonly elements: ElementScan; readonly inputs: DistinctInputs } | undefined {
  const { data, images, conditions, moment } = instant;
  if (request.trait !== undefined) {
    const segments = splitPath(request.trait);
    // The engine's own instants are texts in the language.
    const sources = isSeenPath(segments) ? [] : scalarSources(reachPath(data.profiles.traits, segments));
    if (sources.length === 0) return undefined;
    return { elements: profileElements(instant), inputs: distinctInputs(sources, images) };
  }
  const table = data.tableOf(request.event ?? '');
  const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
  const events = table === undefined ? undefined : eventsOf(table, range, request, conditions);
  if (table === undefined || events === undefined) return undefined;
  const sources = propertySources(table, request.property ?? '', conditions);
  if (sources.length === 0) return undefined;
  const where = programOf(events.where, images);
  const inputs = distinctInputs(sources, images);
  const { measure: _, ...elements } = eventScan(table, range, where, { kind: 'count', cap: 1 }, images);
  return { elements: { ...elements, members: undefined }, inputs };
}

/** Every profile. */
export function profileElements({ rowCount }: Instant): ElementScan {
  return {
    rows: undefined,
    times: undefined,
    elementCount: rowCount,
    range: { fromMs: -Infinity, untilMs: Infinity },
    where: { kind: 'constant', value: true },
    members: undefined,
    chunks: candidateChunks(rowCount, undefined),
    control: newControl(),
  };
}
