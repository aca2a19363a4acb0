/**
 * The conversation between the segments bench and its contenders: a line of JSON asks for one question some times over, a line of
 * JSON answers with the times and what was found. A contender is a process of its own, so that none suffers from another's heap.
 */
import { createInterface } from 'node:readline';
import { xxh32 } from '../../src/base/hash.ts';
import { answer } from '../process/program-entry.ts';

export interface Ask {
  readonly name: string;
  /** How often, and for how long at most. */
  readonly times: number;
  readonly budgetMs: number;
  /** Also who it is, not only how many. */
  readonly isChecked: boolean;
}
export interface Told {
  readonly name: string;
  readonly tookMs: readonly number[];
  /** One number, or the counts of a funnel's steps. */
  readonly counts: readonly number[];
  /** Order-free hash of the users' numbers; 0 when not asked for. */
  readonly idHash: number;
}

export interface Contender {
  count(name: string): Promise<readonly number[]>;
  users(name: string): Promise<ArrayLike<number>>;
}

/** Serves questions from standard input until it closes. */
export function serveAsks(contender: Contender): void {
  const lines = createInterface({ input: process.stdin });
  let queue: Promise<void> = Promise.resolve();
  lines.on('line', (line) => {
    queue = queue.then(async () => answer(await tell(contender, JSON.parse(line) as Ask)));
    queue.catch((error: unknown) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    });
  });
  answer({ isReady: true });
}

async function tell(contender: Contender, { name, times, budgetMs, isChecked }: Ask): Promise<Told> {
  const tookMs: number[] = [];
  let counts: readonly number[] = [];
  const endMs = performance.now() + budgetMs;
  for (let time = 0; time < times && (time === 0 || performance.now() < endMs); time++) {
    const startMs = performance.now();
    counts = await contender.count(name);
    tookMs.push(performance.now() - startMs);
  }
  const idHash = isChecked ? hashOf(await contender.users(name)) : 0;
  return { name, tookMs, counts, idHash };
}

const bytes = new Uint8Array(4);
const view = new DataView(bytes.buffer);

/** The sum of the users' hashes: whatever the order, the same users give the same number. */
function hashOf(users: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < users.length; i++) {
    view.setUint32(0, users[i]);
    sum = (sum + xxh32(bytes, 0, 4, 0)) >>> 0;
  }
  return sum;
}
