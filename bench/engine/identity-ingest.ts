/**
 * Program: events with visitors' ids into an engine in memory, and the time it takes. The same events in both modes, only their ids differ:
 * `plain` says whose each is; `linked` is a browser's life: of ten events three come before the login, under the visitor's id only, the
 * fourth has both ids, and so have the others.
 */
import { Packr } from 'msgpackr';
import { xxh32 } from '../../src/base/hash.ts';
import { DEFAULT_SEED } from '../../src/generator/population.ts';
import { generateEventStream } from '../../src/generator/stream.ts';
import { BenchError } from '../process/bench-error.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { importEngine } from '../process/root.ts';

export interface IdentityIngestConfig {
  readonly mode: 'plain' | 'linked';
  readonly profiles: number;
  readonly events: number;
}

export interface IdentityIngestAnswer {
  readonly tookMs: number;
  readonly cpuSeconds: number;
  readonly profiles: number;
  readonly events: number;
  /** Logins that linked a visitor's id with a user. */
  readonly logins: number;
  /** Over every user's counts of events. */
  readonly checksum: string;
}

const EVENTS_PER_VISIT = 10;
const ANONYMOUS_PER_VISIT = 3;
/** A browser more for each visit, until the first comes back. */
const BROWSERS_PER_USER = 20;
const EVENTS_PER_FRAME = 100;

const { mode, profiles, events } = readConfig<IdentityIngestConfig>();
const packr = new Packr({ useRecords: false, variableMapSize: true });
const seen = new Map<string, number>();
const frames: Uint8Array[] = [];
let batch: unknown[] = [];
let logins = 0;
for (const { type: _, ...item } of generateEventStream({ seed: DEFAULT_SEED, profiles, events })) {
  const { userId, ...rest } = item;
  const count = seen.get(userId) ?? 0;
  seen.set(userId, count + 1);
  const anonymousId = `${userId}-browser-${Math.floor(count / EVENTS_PER_VISIT) % BROWSERS_PER_USER}`;
  const place = count % EVENTS_PER_VISIT;
  if (place === ANONYMOUS_PER_VISIT) logins += 1;
  if (mode === 'plain') batch.push(item);
  else batch.push(place < ANONYMOUS_PER_VISIT ? { ...rest, anonymousId } : { ...rest, userId, anonymousId });
  if (batch.length < EVENTS_PER_FRAME) continue;
  frames.push(packr.pack({ op: 'track', ack: 'applied', batch }));
  batch = [];
}
const { open } = await importEngine();
const engine = await open({ data: ':memory:' });
const startedMs = performance.now();
const startedCpu = process.cpuUsage();
for (let index = 0; index < frames.length; index++) {
  const outcome = engine.ingestFrame(frames[index]);
  if (outcome.kind !== 'ingest') throw new BenchError('a frame was not taken');
  const { rejected } = await outcome.result;
  if (rejected.length > 0) throw new BenchError(`an event was refused: ${rejected[0].message}`);
}
const tookMs = performance.now() - startedMs;
const { user, system } = process.cpuUsage(startedCpu);
const text: string[] = [];
for (const [userId, count] of seen) {
  const counts = new Map<string, number>();
  const lastBrowser = {
    type: 'anonymous_id',
    value: `${userId}-browser-${Math.floor((count - 1) / EVENTS_PER_VISIT) % BROWSERS_PER_USER}`,
  };
  // Who never came to the login of the last visit has a profile of that visit beside.
  const found = [engine.lookup({ type: 'user_id', value: userId }), engine.lookup(lastBrowser)];
  for (const profile of new Map(found.map((one) => [one?.id, one])).values()) {
    for (const [event, n] of Object.entries(profile?.counts ?? {})) counts.set(event, (counts.get(event) ?? 0) + n);
  }
  text.push(`${userId}:${JSON.stringify([...counts].sort())}`);
}
const bytes = Buffer.from(text.sort().join('\n'));
const stats = engine.stats();
const result: IdentityIngestAnswer = {
  tookMs,
  cpuSeconds: (user + system) / 1e6,
  profiles: stats.profiles,
  events: stats.events,
  logins,
  checksum: xxh32(bytes, 0, bytes.length, 0).toString(16).padStart(8, '0'),
};
await engine.close();
answer(result);
endProgram();
