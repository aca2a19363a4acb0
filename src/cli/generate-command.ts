/** `kith generate`: a made-up population with a year of events, into a file or straight into a server. */
import { parseIsoDateMs } from '../base/iso-date.ts';
import { DAY_MS, type Population } from '../generator/population.ts';
import { generateEventStream, generateIdentifyStream } from '../generator/stream.ts';
import { EngineError } from '../model/error.ts';
import type { Client } from './client.ts';
import { BatchSender } from './import/batch-sender.ts';
import { OutputFile } from './output-file.ts';
import { formatCount, Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface GenerateOptions {
  readonly profiles: number;
  readonly events: number;
  readonly seed: number;
  readonly days: number;
  /** `today` or an ISO date: no event is later. */
  readonly end: string;
  readonly hasTraits: boolean;
  readonly output?: string | undefined;
  readonly json?: boolean | undefined;
}

const LANE_COUNT = 4;
const BATCH_COUNT = 1_000;
const PROGRESS_MASK = 0xff;

type Item = { readonly userId: string };

/** `client` present = send instead of writing. */
export async function runGenerate(
  options: GenerateOptions,
  client: Client | undefined,
  terminal: Terminal,
): Promise<void> {
  const { seed, profiles, events, days } = options;
  const endMs = readEndMs(options.end, terminal.nowMs());
  const population: Population = { seed, profiles, events, days, endMs };
  const items = everything(population, options.hasTraits);
  const total = events + (options.hasTraits ? profiles : 0);
  const isStandardOutput = client === undefined && (options.output === undefined || options.output === '-');
  const progress = new Progress(terminal, { unit: 'items', total, isQuiet: isStandardOutput });
  try {
    if (client === undefined) await writeItems(items, options.output, isStandardOutput, progress, terminal);
    else await sendItems(items, client, progress);
  } finally {
    progress.stop();
  }
  const target = client === undefined ? options.output : client.url;
  if (options.json && !isStandardOutput) {
    terminal.stdout.write(`${JSON.stringify({ items: total, profiles, events, seed, target })}\n`);
  } else if (!isStandardOutput) {
    const text = `${formatCount(profiles)} profiles, ${formatCount(events)} events`;
    terminal.stderr.write(`${text} ${client === undefined ? 'written to' : 'sent to'} ${target}\n`);
  }
}

function* everything(population: Population, hasTraits: boolean): Generator<Item, void, undefined> {
  if (hasTraits) yield* generateIdentifyStream(population);
  yield* generateEventStream(population);
}

async function writeItems(
  items: Iterable<Item>,
  path: string | undefined,
  isStandardOutput: boolean,
  progress: Progress,
  terminal: Terminal,
): Promise<void> {
  const output = new OutputFile(path, terminal);
  let count = 0;
  for (const item of items) {
    await output.writeLine(JSON.stringify(item));
    if ((++count & PROGRESS_MASK) === 0) progress.update(count, count);
  }
  await output.close(isStandardOutput);
}

async function sendItems(items: Iterable<Item>, client: Client, progress: Progress): Promise<void> {
  const sender = new BatchSender({
    client,
    laneCount: LANE_COUNT,
    batchCount: BATCH_COUNT,
    isGzip: true,
    onOutcome: ({ rejected }) => {
      if (rejected.length === 0) return;
      const { code, message } = rejected[0];
      throw new EngineError('invalid_item', `the server refused a generated item: ${message} (${code})`);
    },
  });
  let count = 0;
  for (const item of items) {
    await sender.add(++count, item.userId, [JSON.stringify(item)]);
    if ((count & PROGRESS_MASK) === 0) progress.update(count, count);
  }
  await sender.finish();
}

function readEndMs(text: string, nowMs: number): number {
  if (text === 'today') return Math.floor(nowMs / DAY_MS) * DAY_MS;
  const ms = parseIsoDateMs(text);
  if (Number.isFinite(ms)) return ms;
  throw new EngineError('invalid_request', `--end must be "today" or an ISO date, not ${JSON.stringify(text)}`);
}
