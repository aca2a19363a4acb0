/** How the events of a table fall on profiles, by a sample of its participants: taken again when the table has grown by an eighth. */
import type { EventTable } from '../../profile/event-table.ts';

const SAMPLE_COUNT = 2_048;

interface Sample {
  readonly counts: Uint32Array;
  readonly eventCount: number;
}

const samples = new WeakMap<EventTable, Sample>();

/** The share of all rows that have at least `min` events of all time. */
export function shareWithAtLeast(table: EventTable, rowCount: number, min: number): number {
  if (min <= 0) return 1;
  if (rowCount === 0 || table.participantCount === 0) return 0;
  const { counts } = sampleOf(table);
  let fitting = 0;
  for (const count of counts) if (count >= min) fitting += 1;
  return Math.min(1, ((fitting / counts.length) * table.participantCount) / rowCount);
}

function sampleOf(table: EventTable): Sample {
  const { eventCount, participantCount } = table;
  const known = samples.get(table);
  if (known !== undefined && known.eventCount <= eventCount && eventCount <= known.eventCount * 1.125) return known;
  const counts = new Uint32Array(Math.min(SAMPLE_COUNT, participantCount));
  for (let i = 0; i < counts.length; i++) {
    counts[i] = table.countAt(Math.floor((i * participantCount) / counts.length));
  }
  const sample = { counts, eventCount };
  samples.set(table, sample);
  return sample;
}
