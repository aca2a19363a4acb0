/** One item through the scanner, and what the tape says about it as plain values. */
import { encode } from '@msgpack/msgpack';
import { JsonWriter } from '../../src/base/json-writer.ts';
import * as tapeOf from '../../src/ingest/event-tape.ts';
import { EventTape } from '../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../src/ingest/known-name.ts';
import { NameInterner } from '../../src/ingest/name-interner.ts';
import type { ErrorCode } from '../../src/model/error.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits } from '../../src/model/limits.ts';
import { writeMsgpackAsJson } from '../../src/profile/msgpack-json.ts';

/** Root and path of a leaf, as one key: `properties/a/b`. */
const ROOTS = ['envelope', 'properties', 'traits', 'context'];

export interface Scanned {
  readonly kind: number;
  readonly user: string | undefined;
  readonly anonymous: string | undefined;
  readonly previous: string | undefined;
  readonly group: string | undefined;
  readonly event: string | undefined;
  readonly messageId: string | undefined;
  readonly timeMs: number;
  readonly originalTimeMs: number;
  readonly sentAtMs: number;
  /** In the order of the tape; an empty object is {}, a list its JSON. */
  readonly leaves: readonly (readonly [path: string, value: unknown])[];
}

export class ScanBench {
  readonly names: NameInterner;
  readonly tape = new EventTape();
  readonly scanner: ItemScanner;

  constructor(limits: Partial<IngestLimits> = {}) {
    this.names = new NameInterner(Number.POSITIVE_INFINITY);
    const known = new KnownNames(this.names);
    this.names.limit = this.names.count + (limits.distinctNameCount ?? 100_000);
    this.scanner = new ItemScanner(this.tape, this.names, known, { ...DEFAULT_INGEST_LIMITS, ...limits }, 7);
  }

  /** The item, or the code it is refused with. `defaultKind` as in `/v1/track`. */
  scan(item: unknown, defaultKind = 0): Scanned | ErrorCode {
    return this.scanBytes(encode(item), defaultKind);
  }

  scanBytes(bytes: Uint8Array, defaultKind = 0): Scanned | ErrorCode {
    const { tape, scanner } = this;
    tape.reset();
    // A neighbour on either side, which nothing may touch.
    tape.append(Uint8Array.of(0xc1));
    tape.append(bytes);
    const end = tape.length;
    tape.append(Uint8Array.of(0xc1));
    const after = scanner.scan(1, end, 0, defaultKind);
    if (after !== end) throw new Error(`the scanner stopped at ${after} instead of ${end}`);
    if (scanner.errorCode !== undefined) {
      if (tape.itemCount !== 0 || tape.leafCount !== 0) throw new Error('a refused item left something on the tape');
      return scanner.errorCode;
    }
    return this.#read();
  }

  #read(): Scanned {
    const { tape } = this;
    const { items } = tape;
    const leaves: (readonly [string, unknown])[] = [];
    for (let leaf = items[tapeOf.ITEM_LEAF_START]; leaf < items[tapeOf.ITEM_LEAF_END]; leaf++) {
      const path = tape.leaves[leaf * tapeOf.LEAF_STRIDE];
      leaves.push([[ROOTS[this.names.rootOf(path)], ...this.names.segmentsOf(path)].join('/'), this.#leaf(leaf)]);
    }
    return {
      kind: items[tapeOf.ITEM_KIND],
      user: this.#text(tapeOf.ITEM_USER),
      anonymous: this.#text(tapeOf.ITEM_ANONYMOUS),
      previous: this.#text(tapeOf.ITEM_PREVIOUS),
      group: this.#text(tapeOf.ITEM_GROUP),
      event: this.#text(tapeOf.ITEM_EVENT),
      messageId: this.#text(tapeOf.ITEM_MESSAGE_ID),
      timeMs: tape.times[0],
      originalTimeMs: tape.originalTimes[0],
      sentAtMs: tape.sentAts[0],
      leaves,
    };
  }

  #text(field: number): string | undefined {
    const length = this.tape.items[field + 1];
    return length < 0 ? undefined : this.#slice(this.tape.items[field], length);
  }

  #slice(offset: number, length: number): string {
    return Buffer.from(this.tape.bytes.buffer, offset, length).toString('utf8');
  }

  #leaf(leaf: number): unknown {
    const at = leaf * tapeOf.LEAF_STRIDE;
    const { leaves, numbers, bytes } = this.tape;
    const [offset, length] = [leaves[at + tapeOf.LEAF_OFFSET], leaves[at + tapeOf.LEAF_LENGTH]];
    switch (leaves[at + tapeOf.LEAF_TYPE]) {
      case tapeOf.LEAF_STRING:
        return this.#slice(offset, length);
      case tapeOf.LEAF_NUMBER:
        return numbers[leaf];
      case tapeOf.LEAF_TRUE:
        return true;
      case tapeOf.LEAF_FALSE:
        return false;
      case tapeOf.LEAF_NULL:
        return null;
      case tapeOf.LEAF_ARRAY: {
        const writer = new JsonWriter();
        writeMsgpackAsJson(writer, bytes, offset, length);
        return JSON.parse(Buffer.from(writer.view).toString('utf8'));
      }
      default:
        return {};
    }
  }
}
