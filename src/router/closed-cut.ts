/**
 * After a crash each shard's log is a prefix of what was appended to it, each cut at an instant of its own. A step over several shards counts
 * whole or not at all; so before anything is replayed, logs are cut back to the newest state in which every step has all
 * its parts. Nothing that was acknowledged as durable is lost: an acknowledgement waits for all that any shard had on its way.
 */
import { EngineError } from '../model/error.ts';
import { lastStepOf } from '../shard/checkpoint.ts';
import type { Step } from '../shard/identity-command.ts';
import { stepOf } from '../shard/record.ts';
import type { ShardStorage } from '../storage/contract.ts';

interface Part extends Step {
  readonly seq: number;
}

interface LogSteps {
  /** In the log behind the checkpoint, in order. */
  parts: readonly Part[];
  /** The last step of the checkpoint. */
  readonly checkpointStep: number;
  readonly checkpointSeq: number;
}

/** Gives how many records were taken back. Errors: storage_failed. */
export async function cutBack(storages: readonly ShardStorage[], checkpointSeqs: readonly number[]): Promise<number> {
  if (storages.length === 1) return 0;
  const logs = storages.map((storage, index) => stepsOf(storage, checkpointSeqs[index]));
  const last = ({ parts, checkpointStep }: LogSteps): number => parts[parts.length - 1]?.step ?? checkpointStep;
  const cutSeqs = storages.map(({ log }) => log.lastSeq);
  for (let isStable = false; !isStable; ) {
    isStable = true;
    logs.forEach((log, index) => {
      // Steps are numbered upwards in every log: who has a later one had the earlier.
      const broken = log.parts.findIndex(({ step, shards }) => shards.some((other) => last(logs[other]) < step));
      if (broken < 0) return;
      cutSeqs[index] = log.parts[broken].seq - 1;
      log.parts = log.parts.slice(0, broken);
      isStable = false;
    });
  }
  let count = 0;
  for (const [index, { log }] of storages.entries()) {
    if (cutSeqs[index] < logs[index].checkpointSeq) {
      throw new EngineError('storage_failed', `shard ${index}: its checkpoint holds a step that other shards lack`);
    }
    count += log.lastSeq - cutSeqs[index];
    if (log.lastSeq > cutSeqs[index]) await log.cutAfter(cutSeqs[index]);
  }
  return count;
}

function stepsOf({ log, checkpoints }: ShardStorage, checkpointSeq: number): LogSteps {
  const parts: Part[] = [];
  if (log.lastSeq > checkpointSeq) {
    for (const { seq, record } of log.read(checkpointSeq)) {
      const step = stepOf(record);
      if (step !== undefined) parts.push({ ...step, seq });
    }
  }
  return { parts, checkpointStep: lastStepOf(checkpoints.latest()), checkpointSeq };
}
