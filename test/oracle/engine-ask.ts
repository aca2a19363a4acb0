/** Batches into an engine and questions to it, in the words of a world. */
import type { Engine } from '../../src/engine/engine.ts';
import { EngineError } from '../../src/model/error.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import type { QueryRequest } from '../../src/model/query.ts';
import { frameOf } from './frame.ts';
import type { Batch } from './generate/batch.ts';
import type { Question, SavedCondition } from './generate/world.ts';
import type { Segments } from './naive/event-choice.ts';
import { mayBeRefused } from './unsupported.ts';

export async function send(engine: Engine, batch: Batch, ref: number): Promise<IngestResult> {
  const { door, items, sentAtMs, isImport } = batch;
  if (door === 'json') return engine.ingest(items, { sentAt: sentAtMs, isImport, ack: 'applied' });
  const outcome = engine.ingestFrame(frameOf(batch, ref));
  if (outcome.kind !== 'ingest') throw new TypeError('the frame was not taken as a batch');
  return outcome.result;
}

/** Saves what the engine does not have: all at the first time, on disk none later. */
export async function saveSegments(engine: Engine, segments: readonly SavedCondition[]): Promise<void> {
  for (const { key, where } of segments) {
    if (engine.segment(key) === undefined) await engine.saveSegment(key, { where });
  }
}

/** How a question is to be answered, which must make no difference. */
export type AskOptions = Pick<QueryRequest, 'optimizer'>;

/** The engine's answer as a set of ids; undefined when it refuses a question that it may refuse. */
export async function askIds(
  engine: Engine,
  question: Question,
  segments: Segments,
  options: AskOptions = {},
): Promise<Set<string> | undefined> {
  const { where, at } = question;
  try {
    const answer = await engine.query({ where, at, as: 'ids', limit: 1_000_000, ...options });
    if (!('ids' in answer)) throw new TypeError('asked for ids');
    const ids = new Set(answer.ids);
    if (ids.size !== answer.ids.length) throw new TypeError('an id twice');
    return ids;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'query_unsupported' && mayBeRefused(question, segments))
      return undefined;
    throw error;
  }
}

export async function askCount(engine: Engine, { where, at }: Question, options: AskOptions = {}): Promise<number> {
  const answer = await engine.query({ where, at, as: 'count', ...options });
  if (!('count' in answer)) throw new TypeError('asked for a count');
  return answer.count;
}
