/** Program: our engine in process, asked the questions of the segments bench. */

import type { Population } from '../../src/generator/population.ts';
import { generateProfile } from '../../src/generator/profile.ts';
import { BenchError } from '../process/bench-error.ts';
import { readConfig } from '../process/program-entry.ts';
import { importEngine } from '../process/root.ts';
import { serveAsks } from './asking.ts';
import { isFunnel, type SegmentQuestion, segmentQuestions } from './question.ts';

export interface KithContenderConfig {
  readonly path: string;
  readonly threads: number;
  readonly population: Population;
}

const { path, threads, population } = readConfig<KithContenderConfig>();
const { open } = await importEngine();
const engine = await open({ data: path, workers: threads });
const questions = new Map(
  segmentQuestions((user) => String(generateProfile(population.seed, user, population.endMs).traits['email'])).map(
    (question) => [question.name, question],
  ),
);
const PAGE = 1_000_000;

async function count({ ask }: SegmentQuestion): Promise<readonly number[]> {
  const answer = await engine.query(isFunnel(ask) ? { as: 'funnel', funnel: ask } : { where: ask });
  if ('steps' in answer) return answer.steps.map((step) => step.count);
  if ('count' in answer) return [answer.count];
  throw new BenchError('a count query answered something else');
}

async function users({ ask }: SegmentQuestion): Promise<ArrayLike<number>> {
  if (isFunnel(ask)) return [];
  const found: number[] = [];
  let cursor: string | undefined;
  do {
    const answer = await engine.query({ where: ask, as: 'ids', limit: PAGE, cursor });
    if (!('ids' in answer)) throw new BenchError('an ids query answered something else');
    for (const id of answer.ids) found.push(Number(id.slice('user-'.length)));
    cursor = answer.cursor;
  } while (cursor !== undefined);
  return found;
}

serveAsks({
  count: (name) => count(questions.get(name)!),
  users: (name) => users(questions.get(name)!),
});
