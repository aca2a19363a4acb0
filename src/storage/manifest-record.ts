/**
 * How a checkpoint's manifest is stored: the caller's bytes together with the pages that the checkpoint consists of, so
 * that wholeness can be judged without understanding them.
 *
 * `[format:u32][crc32 of the rest:u32][version:f64][pageCount:u32][manifestSize:u32]`
 * `[pageId:f64 × pageCount][pageSize:u32 × pageCount][manifest]`, little endian. Page ids ascend.
 */
import { crc32 } from 'node:zlib';

const MANIFEST_FORMAT = 1;
const HEAD_SIZE_BYTES = 24;
const CHECKED_FROM = 8;
const PAGE_ENTRY_SIZE_BYTES = 12;

export interface ManifestRecord {
  readonly version: number;
  /** Page id → size in bytes. */
  readonly pages: ReadonlyMap<number, number>;
  readonly manifest: Uint8Array;
}

export function encodeManifestRecord(record: ManifestRecord): Buffer {
  const pageIds = [...record.pages.keys()].sort((left, right) => left - right);
  const sizesAt = HEAD_SIZE_BYTES + pageIds.length * 8;
  const manifestAt = HEAD_SIZE_BYTES + pageIds.length * PAGE_ENTRY_SIZE_BYTES;
  const bytes = Buffer.alloc(manifestAt + record.manifest.byteLength);
  bytes.writeUInt32LE(MANIFEST_FORMAT, 0);
  bytes.writeDoubleLE(record.version, 8);
  bytes.writeUInt32LE(pageIds.length, 16);
  bytes.writeUInt32LE(record.manifest.byteLength, 20);
  pageIds.forEach((pageId, index) => {
    bytes.writeDoubleLE(pageId, HEAD_SIZE_BYTES + index * 8);
    bytes.writeUInt32LE(record.pages.get(pageId) ?? 0, sizesAt + index * 4);
  });
  bytes.set(record.manifest, manifestAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(CHECKED_FROM)), 4);
  return bytes;
}

/** The record in memory of its own, or undefined when it is torn, damaged or of another format. */
export function decodeManifestRecord(source: Uint8Array): ManifestRecord | undefined {
  if (source.byteLength < HEAD_SIZE_BYTES) return undefined;
  const bytes = Buffer.from(source);
  if (bytes.readUInt32LE(0) !== MANIFEST_FORMAT) return undefined;
  if (bytes.readUInt32LE(4) !== crc32(bytes.subarray(CHECKED_FROM))) return undefined;
  const pageCount = bytes.readUInt32LE(16);
  const sizesAt = HEAD_SIZE_BYTES + pageCount * 8;
  const manifestAt = HEAD_SIZE_BYTES + pageCount * PAGE_ENTRY_SIZE_BYTES;
  if (bytes.byteLength !== manifestAt + bytes.readUInt32LE(20)) return undefined;
  const pages = new Map<number, number>();
  for (let index = 0; index < pageCount; index += 1) {
    pages.set(bytes.readDoubleLE(HEAD_SIZE_BYTES + index * 8), bytes.readUInt32LE(sizesAt + index * 4));
  }
  return { version: bytes.readDoubleLE(8), pages, manifest: bytes.subarray(manifestAt) };
}
