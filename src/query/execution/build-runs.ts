/** Makes runs: deals events out by stretches of rows, then sorts each stretch. A coroutine that yields the two scans. */
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import type { TimeRange } from '../binder/window.ts';
import { type EventRuns, newRuns } from '../index/event-runs.ts';
import { newControl } from './chunk-claim.ts';
import type { ColumnImage } from './column-image.ts';
import { windowChunks } from './measure-scan.ts';
import type { Program } from './program.ts';
import { type PartitionScan, stretchCountOf, stretchesOf } from './run-partition.ts';
import type { RunScan } from './run-sort.ts';

export interface RunInput {
  readonly rows: ColumnImage;
  readonly times: ColumnImage;
  /** Events `[firstEvent, eventCount)`. */
  readonly firstEvent: number;
  readonly eventCount: number;
  readonly rowCount: number;
  readonly range: TimeRange;
  readonly where: Program;
  readonly members: Uint32Array | undefined;
}

/** To look at an event and deal it, and to sort it in. */
const DEAL_NS = 4;
const SORT_NS = 6;

export function* buildRuns(input: RunInput): Generator<PartitionScan | RunScan, EventRuns, unknown> {
  const { rows, times, firstEvent, eventCount, rowCount, range, where, members } = input;
  const chunks = windowChunks(times, range).filter(
    (chunk) => (chunk + 1) * CHUNK_ROWS > firstEvent && chunk * CHUNK_ROWS < eventCount,
  );
  if (chunks.length === 0) return newRuns(0, rowCount, eventCount);
  const stretchCount = stretchCountOf(rowCount);
  const slotCount = chunks[chunks.length - 1] - chunks[0] + 1;
  const partition: PartitionScan = {
    kind: 'partition',
    rows,
    times,
    firstEvent,
    elementCount: eventCount,
    range,
    where,
    members,
    stretchCount,
    keys: new Uint32Array(new SharedArrayBuffer(slotCount * CHUNK_ROWS * 4)),
    timesMs: new Float64Array(new SharedArrayBuffer(slotCount * CHUNK_ROWS * 8)),
    starts: new Uint32Array(new SharedArrayBuffer(slotCount * (stretchCount + 1) * 4)),
    chunks,
    control: newControl(),
    costNs: chunks.length * CHUNK_ROWS * DEAL_NS,
  };
  yield partition;
  const { keys, timesMs, starts } = partition;
  const runStarts = new Uint32Array(stretchCount);
  let runCount = 0;
  for (let stretch = 0; stretch < stretchCount; stretch++) {
    runStarts[stretch] = runCount;
    for (const chunk of chunks) {
      const at = (chunk - chunks[0]) * (stretchCount + 1) + stretch;
      runCount += starts[at + 1] - starts[at];
    }
  }
  const runs = newRuns(runCount, rowCount, eventCount);
  runs.offsets[rowCount] = runCount;
  yield {
    kind: 'runs',
    keys,
    timesMs,
    starts,
    stretchCount,
    dealtChunks: chunks,
    runStarts,
    runs,
    chunks: stretchesOf(rowCount),
    control: newControl(),
    costNs: runCount * SORT_NS + rowCount,
  };
  return runs;
}
