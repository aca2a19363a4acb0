/** Values of a column as JSON, just as a lookup shows them. */
import { pack } from 'msgpackr';
import { JsonWriter } from '../../base/json-writer.ts';
import { writeMsgpackAsJson } from '../msgpack-json.ts';
import type { ValueColumn } from '../value-column.ts';
import { writeValue } from '../value-tree.ts';

const writer = new JsonWriter();

/** Undefined when the column has nothing there. */
export function jsonAt(column: ValueColumn, index: number): string | undefined {
  writer.reset();
  return writeValue(writer, column, index) ? text() : undefined;
}

/** Of a value that a rule of survivorship made. */
export function jsonOfMade(value: number | unknown[]): string {
  writer.reset();
  if (typeof value === 'number') {
    writer.number(value);
  } else {
    const packed = pack(value);
    writeMsgpackAsJson(writer, packed, 0, packed.length);
  }
  return text();
}

function text(): string {
  return writer.bytes.toString('utf8', 0, writer.length);
}
