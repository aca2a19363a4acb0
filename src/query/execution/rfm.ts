/** Purchases of one shard's customers: how many, how much, when the latest; and each figure in order, so that ranks can be found over shards. */

import type { RowSet } from '../../bitmap/row-set.ts';
import type { RfmRequest } from '../../model/analysis.ts';
import { eventsOf } from '../binder/bind-events.ts';
import { assertChoiceSupported } from '../binder/supported.ts';
import { propertySources } from '../binder/value-source.ts';
import { resolveWindow } from '../binder/window.ts';
import { type Counts, mergeSteps } from './accumulator.ts';
import { newControl } from './chunk-claim.ts';
import { distinctInputs } from './distinct-source.ts';
import { eventScan, numberInputs } from './event-measure.ts';
import type { Instant } from './instant.ts';
import type { MeasureScan } from './measure-scan.ts';
import { programOf } from './program.ts';
import type { SortedNumbers } from './sorted-numbers.ts';

/** Customers in the order of rows, and the same figures in ascending order. */
export interface RfmPart {
  readonly rows: Uint32Array;
  readonly lastMs: Float64Array;
  readonly frequency: Float64Array;
  readonly monetary: Float64Array;
  readonly sorted: Readonly<Record<'lastMs' | 'frequency' | 'monetary', SortedNumbers>>;
}

const ROWS_PER_TURN = 16_384;
const SORT_NS = 20;

export function captureRfm(instant: Instant, request: RfmRequest): (rows: RowSet) => Promise<RfmPart> {
  const { moment, data, rowCount, images, conditions } = instant;
  assertChoiceSupported(request.where, [], moment.atMs);
  const range = resolveWindow(request.window, moment.nowMs, moment.atMs);
  const table = data.tableOf(request.event);
  const events = table === undefined ? undefined : eventsOf(table, range, request, conditions);
  if (table === undefined || events === undefined) return async () => partOf(0);
  const where = programOf(events.where, images);
  const inputs = numberInputs(propertySources(table, request.amount, conditions), images);
  const scan: MeasureScan = {
    ...eventScan(table, range, where, { kind: 'purchases', inputs }, images),
    rowCount,
    isTotal: false,
    members: undefined,
  };
  const orders = request.order === undefined ? undefined : propertySources(table, request.order, conditions);
  const sources = orders === undefined ? [] : distinctInputs(orders, images).sources;
  return async (rows) => {
    const { counts, values, latest } = await instant.inSlices(mergeSteps(scan.measure, await instant.scan(scan)));
    let frequencies: Counts = counts;
    if (orders !== undefined) {
      const distinct: MeasureScan = { ...scan, measure: { kind: 'distinct', sources }, control: newControl() };
      const merged = mergeSteps(distinct.measure, await instant.scan(distinct));
      frequencies = (await instant.inSlices(merged)).counts;
    }
    const selected = rows.rowsFrom(0, rows.cardinality);
    let customerCount = 0;
    for (let i = 0; i < selected.length; i++) if (counts[selected[i]] !== 0) customerCount += 1;
    const part = partOf(customerCount);
    let at = 0;
    for (let i = 0; i < selected.length; i++) {
      if (i > 0 && i % ROWS_PER_TURN === 0) await instant.pause();
      const row = selected[i];
      if (counts[row] === 0) continue;
      part.rows[at] = row;
      part.lastMs[at] = latest[row];
      part.frequency[at] = frequencies[row];
      part.monetary[at] = values[row];
      at += 1;
    }
    await Promise.all([
      sortInto(instant, part.lastMs, part.sorted.lastMs.values),
      sortInto(instant, part.frequency, part.sorted.frequency.values),
      sortInto(instant, part.monetary, part.sorted.monetary.values),
    ]);
    return part;
  };
}

function partOf(count: number): RfmPart {
  const numbers = (): Float64Array => new Float64Array(new SharedArrayBuffer(count * 8));
  const sorted = (): SortedNumbers => ({ values: numbers(), ends: undefined });
  return {
    rows: new Uint32Array(count),
    lastMs: numbers(),
    frequency: numbers(),
    monetary: numbers(),
    sorted: { lastMs: sorted(), frequency: sorted(), monetary: sorted() },
  };
}

async function sortInto(instant: Instant, from: Float64Array, to: Float64Array): Promise<void> {
  if (from.length === 0) return;
  to.set(from);
  const chunks = Int32Array.of(0);
  await instant.scan({ kind: 'sort', values: to, costNs: from.length * SORT_NS, chunks, control: newControl() });
}
