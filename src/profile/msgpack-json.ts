/** Stored arrays (msgpack bytes) as JSON text. Depth was bounded when they came in. */
import { formatIsoDate } from '../base/iso-date.ts';
import type { JsonWriter } from '../base/json-writer.ts';
import {
  MsgpackCursor,
  TYPE_ARRAY,
  TYPE_DATE,
  TYPE_FALSE,
  TYPE_MAP,
  TYPE_NUMBER,
  TYPE_STRING,
  TYPE_TRUE,
} from '../ingest/msgpack.ts';

const cursor = new MsgpackCursor();

export function writeMsgpackAsJson(writer: JsonWriter, bytes: Uint8Array, start: number, size: number): void {
  cursor.reset(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, start + size);
  writeValue(writer);
}

function writeValue(writer: JsonWriter): void {
  const type = cursor.read();
  switch (type) {
    case TYPE_STRING:
      return writeText(writer);
    case TYPE_NUMBER:
      return writer.number(cursor.number);
    case TYPE_TRUE:
      return writer.ascii('true');
    case TYPE_FALSE:
      return writer.ascii('false');
    case TYPE_DATE:
      return writer.ascii(`"${formatIsoDate(cursor.number)}"`);
    case TYPE_ARRAY: {
      const count = cursor.count;
      writer.byte(0x5b);
      for (let i = 0; i < count; i++) {
        if (i > 0) writer.byte(0x2c);
        writeValue(writer);
      }
      writer.byte(0x5d);
      return;
    }
    case TYPE_MAP: {
      const count = cursor.count;
      writer.byte(0x7b);
      for (let i = 0; i < count; i++) {
        if (i > 0) writer.byte(0x2c);
        cursor.read();
        writeText(writer);
        writer.byte(0x3a);
        writeValue(writer);
      }
      writer.byte(0x7d);
      return;
    }
    default:
      return writer.ascii('null');
  }
}

function writeText(writer: JsonWriter): void {
  const at = cursor.at;
  cursor.at = at + cursor.count;
  writer.text(cursor.bytes, at, cursor.count);
}
