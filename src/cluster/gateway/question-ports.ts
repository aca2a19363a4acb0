/** The shards of a map as who gathers answers asks them: by calls. */
import type { FurtherAnswer } from '../../engine/answer/further.ts';
import type { PartAnswer } from '../../engine/answer/part-server.ts';
import type { QuestionPort } from '../question/question-port.ts';
import type { ShardCaller } from './shard-caller.ts';

const FENCE_TIMEOUT_MS = 2_000;

/** One a shard, in their order. */
export function questionPorts(caller: ShardCaller, shardCount: number): readonly QuestionPort[] {
  return Array.from(
    { length: shardCount },
    (_, shard): QuestionPort => ({
      open: (request, signal) =>
        caller.call<PartAnswer>(shard, 'part_open', request, { signal, timeoutMs: request.timeoutMs }),
      further: (handle, ask, signal) => caller.call<FurtherAnswer>(shard, 'part_further', { handle, ask }, { signal }),
      raise: (signal) => caller.call<number>(shard, 'raise_fence', null, { signal, timeoutMs: FENCE_TIMEOUT_MS }),
      lower: (fence) => {
        // One that is not told ends by itself.
        caller.call(shard, 'lower_fence', { fence }).catch(() => undefined);
      },
      close: (handle) => {
        // One that is not told closes it at the question's time limit.
        caller.call(shard, 'part_close', { handle }).catch(() => undefined);
      },
    }),
  );
}
