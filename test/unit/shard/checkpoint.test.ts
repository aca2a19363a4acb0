/** Checkpoints of formats that this version does not know are refused, and the message says what to do. */
import { pack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { checkpointSeqOf, decodeCheckpoint, hashSeedOf, lastStepOf } from '../../../src/shard/checkpoint.ts';
import type { CheckpointReader } from '../../../src/storage/contract.ts';

function readerOf(version: unknown): CheckpointReader {
  const manifest = pack({ version, seq: 7, hashSeed: 11, pageIds: [], state: { lastStep: 3 } });
  return { manifest, page: () => new Uint8Array(0) };
}

describe('a checkpoint', () => {
  it.each([2, 3, 4])('of format %i is read', (version) => {
    const reader = readerOf(version);
    expect(checkpointSeqOf(reader)).toBe(7);
    expect(hashSeedOf(reader)).toBe(11);
    expect(lastStepOf(reader)).toBe(3);
    expect(decodeCheckpoint(new SlabMemory(), reader)?.seq).toBe(7);
  });

  it.each([0, 1, 5, 99, undefined, null, 'three'])('of format %s is refused', (version) => {
    const reader = readerOf(version);
    for (const read of [checkpointSeqOf, hashSeedOf, lastStepOf]) {
      expect(() => read(reader)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    }
    expect(() => decodeCheckpoint(new SlabMemory(), reader)).toThrow(/reads 2 to 4: export with the version/);
  });
});
