/**
 * Columns of paths as a tree, to write one index as a nested JSON object. Built once and rebuilt when a column is added;
 * names are kept escaped and ready to copy.
 */
import { JsonWriter } from '../base/json-writer.ts';
import { writeMsgpackAsJson } from './msgpack-json.ts';
import { BOOLEAN_TRUE, MARK_NULL, type ValueColumn } from './value-column.ts';

interface TreeNode {
  /** `"name":` as bytes. */
  readonly label: Uint8Array;
  column: ValueColumn | undefined;
  readonly children: TreeNode[];
  readonly childByName: Map<string, TreeNode>;
}

export class ValueTree {
  readonly #columns: readonly ValueColumn[];
  readonly #roots: TreeNode = newNode('');
  #builtCount = 0;

  constructor(columns: readonly ValueColumn[]) {
    this.#columns = columns;
  }

  /** Writes `{…}` of what the columns hold at `index`; `keep` leaves columns out. Gives the number of values written. */
  write(writer: JsonWriter, index: number, keep?: (column: ValueColumn) => boolean): number {
    if (this.#builtCount !== this.#columns.length) this.#build();
    return writeChildren(writer, this.#roots, index, keep);
  }

  #build(): void {
    for (let i = this.#builtCount; i < this.#columns.length; i++) {
      const column = this.#columns[i];
      let node = this.#roots;
      for (const segment of column.segments) {
        let child = node.childByName.get(segment);
        if (child === undefined) {
          child = newNode(segment);
          node.childByName.set(segment, child);
          node.children.push(child);
        }
        node = child;
      }
      node.column = column;
    }
    this.#builtCount = this.#columns.length;
  }
}

function newNode(name: string): TreeNode {
  const label = new JsonWriter(64);
  label.string(name);
  label.byte(0x3a);
  return { label: Uint8Array.from(label.view), column: undefined, children: [], childByName: new Map() };
}

function writeChildren(
  writer: JsonWriter,
  node: TreeNode,
  index: number,
  keep?: (column: ValueColumn) => boolean,
): number {
  const children = node.children;
  let count = 0;
  writer.byte(0x7b);
  for (let i = 0; i < children.length; i++) {
    const child = children[i];
    const mark = writer.length;
    if (count > 0) writer.byte(0x2c);
    writer.raw(child.label, 0, child.label.length);
    const column = child.column;
    if (column !== undefined && (keep === undefined || keep(column)) && writeValue(writer, column, index)) {
      count += 1;
    } else if (child.children.length > 0 && writeChildren(writer, child, index, keep) > 0) {
      count += 1;
    } else {
      writer.length = mark;
    }
  }
  writer.byte(0x7d);
  return count;
}

/** Writes the column's value at `index`; false when there is none. */
export function writeValue(writer: JsonWriter, column: ValueColumn, index: number): boolean {
  const strings = column.strings;
  if (strings !== undefined) {
    const code = strings.codes.get(index);
    if (code !== 0) {
      const { dictionary } = strings;
      dictionary.locate(code);
      writer.text(dictionary.heap.block, dictionary.heap.start, dictionary.heap.size);
      return true;
    }
  }
  if (column.numbers !== undefined) {
    const value = column.numbers.get(index);
    if (!Number.isNaN(value)) {
      writer.number(value);
      return true;
    }
  }
  if (column.booleans !== undefined) {
    const code = column.booleans.get(index);
    if (code !== 0) {
      writer.ascii(code === BOOLEAN_TRUE ? 'true' : 'false');
      return true;
    }
  }
  if (column.arrays !== undefined) {
    const code = column.arrays.codes.get(index);
    if (code !== 0) {
      const { dictionary } = column.arrays;
      dictionary.locate(code);
      writeMsgpackAsJson(writer, dictionary.heap.block, dictionary.heap.start, dictionary.heap.size);
      return true;
    }
  }
  if (column.marks !== undefined) {
    const mark = column.marks.get(index);
    if (mark !== 0) {
      writer.ascii(mark === MARK_NULL ? 'null' : '{}');
      return true;
    }
  }
  return false;
}
