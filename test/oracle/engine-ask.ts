/** Batches into an engine and questions to it, in the words of a world. */
import type { Engine } from '../../src/engine/engine.ts';
import { EngineError } from '../../src/model/error.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import { frameOf } from './frame.ts';
import type { Batch } from './generate/batch.ts';
import type { Question } from './generate/world.ts';
import { mayBeRefused } from './unsupported.ts';

export async function send(engine: Engine, batch: Batch, ref: number): Promise<IngestResult> {
  const { door, items, sentAtMs, isImport } = batch;
  if (door === 'json') return engine.ingest(items, { sentAt: sentAtMs, isImport, ack: 'applied' });
  const outcome = engine.ingestFrame(frameOf(batch, ref));
  if (outcome.kind !== 'ingest') throw new TypeError('the frame was not taken as a batch');
  return outcome.result;
}

/** The engine's answer as a set of ids; undefined when it refuses a question that it may refuse. */
export async function askIds(engine: Engine, question: Question): Promise<Set<string> | undefined> {
  const { where, at } = question;
  try {
    const answer = await engine.query({ where, at, as: 'ids', limit: 1_000_000 });
    if (!('ids' in answer)) throw new TypeError('asked for ids');
    const ids = new Set(answer.ids);
    if (ids.size !== answer.ids.length) throw new TypeError('an id twice');
    return ids;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'query_unsupported' && mayBeRefused(question)) return undefined;
    throw error;
  }
}

export async function askCount(engine: Engine, { where, at }: Question): Promise<number> {
  const answer = await engine.query({ where, at, as: 'count' });
  if (!('count' in answer)) throw new TypeError('asked for a count');
  return answer.count;
}
