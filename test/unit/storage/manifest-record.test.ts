import { describe, expect, it } from 'vitest';
import { decodeManifestRecord, encodeManifestRecord } from '../../../src/storage/manifest-record.ts';

const pages = new Map([
  [9, 512],
  [2 ** 40, 7],
  [1, 0],
]);
const record = encodeManifestRecord({ version: 3, pages, manifest: Uint8Array.of(1, 2, 3) });

describe('manifest record', () => {
  it('gives back what was stored, also from an unaligned place', () => {
    const moved = Buffer.concat([Buffer.alloc(3), record]).subarray(3);
    const decoded = decodeManifestRecord(moved);
    expect(decoded?.version).toBe(3);
    expect(new Map(decoded?.pages)).toEqual(pages);
    expect([...(decoded?.manifest ?? [])]).toEqual([1, 2, 3]);
  });

  it('is unreadable when any byte is changed', () => {
    for (let index = 0; index < record.length; index += 1) {
      const damaged = Buffer.from(record);
      damaged[index] = (damaged[index] ?? 0) ^ 0x40;
      expect(decodeManifestRecord(damaged)).toBeUndefined();
    }
  });

  it('is unreadable when it is cut short at any place', () => {
    for (let size = 0; size < record.length; size += 1) {
      expect(decodeManifestRecord(record.subarray(0, size))).toBeUndefined();
    }
  });
});
