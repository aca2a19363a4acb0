/**
 * Tells a database file that is damaged (a copy that broke off, a bad disk) before LMDB opens it: lmdb-js 3.5 dies of SIGSEGV when
 * the meta pages are no good, and reading a mapped page behind the end of the file kills any process without a word.
 *
 * A file as long as its newest meta page says costs one read. A shorter one is no proof: LMDB does not write pages that were
 * taken and given back in one transaction. So then the trees are walked, and every page they name must lie inside the file.
 * Layout: MDB_page_header, MDB_meta, MDB_db, MDB_node of mdb.c, 64 bit.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const PAGE_HEADER_SIZE = 24;
const FLAGS_OFFSET = 18;
const LOWER_OFFSET = 20;
const NODE_HEADER_SIZE = 8;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
/** Inside the meta, which follows the page header. */
const META_DATABASES_OFFSET = 24;
const META_LAST_PAGE_OFFSET = 120;
const META_TRANSACTION_OFFSET = 128;
const DATABASE_SIZE = 48;
const DATABASE_ROOT_OFFSET = 40;
const PAGE_BRANCH = 0x01;
const PAGE_LEAF = 0x02;
const NODE_BIG_DATA = 0x01;
const NODE_SUB_DATABASE = 0x02;
const PAGE_META = 0x08;
const FOREIGN = 'its file is damaged, or none that this version can read';
const CUT_OFF = 'its file lacks its end: cut off, or not copied whole';
const NO_PAGE = 0xffff_ffff_ffff_ffffn;

interface Meta {
  readonly pageSize: number;
  readonly transaction: bigint;
  readonly lastPage: number;
  readonly roots: readonly bigint[];
}

/** What is wrong with the file, for a message; undefined when it is not there, empty (LMDB makes a new one) or whole. */
export function databaseFault(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return undefined;
    const first = readMeta(readAt(descriptor, 0, PAGE_HEADER_SIZE + 256));
    if (first === undefined) return FOREIGN;
    const { pageSize } = first;
    if (size < pageSize * 2) return CUT_OFF;
    const second = readMeta(readAt(descriptor, pageSize, PAGE_HEADER_SIZE + 256));
    if (second === undefined) return FOREIGN;
    const newest = second.transaction > first.transaction ? second : first;
    if (size >= (newest.lastPage + 1) * pageSize) return undefined;
    return reachesBehind(descriptor, newest, Math.floor(size / pageSize)) ? CUT_OFF : undefined;
  } finally {
    closeSync(descriptor);
  }
}

function readAt(descriptor: number, position: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, sizeBytes, position));
}

function readMeta(page: Buffer): Meta | undefined {
  if (page.length < PAGE_HEADER_SIZE + META_TRANSACTION_OFFSET + 8) return undefined;
  if ((page.readUInt16LE(FLAGS_OFFSET) & PAGE_META) === 0) return undefined;
  const meta = page.subarray(PAGE_HEADER_SIZE);
  if (meta.readUInt32LE(0) !== MAGIC || (meta.readUInt32LE(4) & 0xffff) !== DATA_VERSION) return undefined;
  const pageSize = meta.readUInt32LE(META_DATABASES_OFFSET);
  // A power of two, as systems have them.
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  return {
    pageSize,
    transaction: meta.readBigUInt64LE(META_TRANSACTION_OFFSET),
    lastPage: Number(meta.readBigUInt64LE(META_LAST_PAGE_OFFSET)),
    roots: [0, 1].map((index) => rootOf(meta, META_DATABASES_OFFSET + index * DATABASE_SIZE)),
  };
}

function rootOf(bytes: Buffer, at: number): bigint {
  return bytes.readBigUInt64LE(at + DATABASE_ROOT_OFFSET);
}

/** Whether a tree of `meta` names a page that the file, `pageCount` pages long, does not hold, or one that cannot be read. */
function reachesBehind(descriptor: number, meta: Meta, pageCount: number): boolean {
  const pending = [...meta.roots];
  for (let root = pending.pop(); root !== undefined; root = pending.pop()) {
    if (root === NO_PAGE) continue;
    if (root >= BigInt(pageCount)) return true;
    const page = readAt(descriptor, Number(root) * meta.pageSize, meta.pageSize);
    const flags = page.readUInt16LE(FLAGS_OFFSET);
    if ((flags & (PAGE_BRANCH | PAGE_LEAF)) === 0) return true;
    const nodeCount = page.readUInt16LE(LOWER_OFFSET) >> 1;
    for (let index = 0; index < nodeCount; index += 1) {
      const at = page.readUInt16LE(PAGE_HEADER_SIZE + index * 2) + PAGE_HEADER_SIZE;
      if (at + NODE_HEADER_SIZE > page.length) return true;
      if ((flags & PAGE_BRANCH) !== 0) {
        pending.push(BigInt(page.readUInt32LE(at)) | (BigInt(page.readUInt16LE(at + 4)) << 32n));
        continue;
      }
      const nodeFlags = page.readUInt16LE(at + 4);
      const dataAt = at + NODE_HEADER_SIZE + page.readUInt16LE(at + 6);
      if ((nodeFlags & NODE_BIG_DATA) !== 0) {
        if (dataAt + 24 > page.length) return true;
        if (page.readBigUInt64LE(dataAt) + page.readBigUInt64LE(dataAt + 16) > BigInt(pageCount)) return true;
      } else if ((nodeFlags & NODE_SUB_DATABASE) !== 0) {
        if (dataAt + DATABASE_SIZE > page.length) return true;
        pending.push(rootOf(page, dataAt));
      }
    }
  }
  return false;
}
