import { expect, test } from 'vitest';
import { MessageIdColumn } from '../../../src/memory/message-id-column.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

const CHUNK = 65_536;
const uuid = (i: number): string => `${i.toString(16).padStart(8, '0')}-89ab-4cde-8f01-23456789abcd`;

function pushed(count: number, textOf: (i: number) => string): { column: MessageIdColumn; memory: SlabMemory } {
  const memory = new SlabMemory();
  const column = new MessageIdColumn(memory);
  for (let i = 0; i < count; i++) {
    const bytes = Buffer.from(textOf(i));
    column.push(bytes, 0, bytes.length);
  }
  return { column, memory };
}

test('an id of another form at any position of the first pages leaves every id as it came', () => {
  for (let at = 0; at < 70; at++) {
    const textOf = (i: number): string => (i === at ? 'ajs-next-1' : uuid(i));
    const { column, memory } = pushed(70, textOf);
    for (let i = 0; i < 70; i++) expect(column.text(i)).toBe(textOf(i));
    expect(memory.usedBytes).toBe(column.usedBytes);
  }
});

test('an id of another form at the edges of a chunk turns that chunk alone', () => {
  for (const at of [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1]) {
    const textOf = (i: number): string => (i === at ? 'x' : uuid(i));
    const { column, memory } = pushed(2 * CHUNK + 1, textOf);
    for (const i of [0, 1, at - 1, at, at + 1, CHUNK - 1, CHUNK, 2 * CHUNK - 1, 2 * CHUNK])
      expect(column.text(i)).toBe(textOf(i));
    expect(memory.usedBytes).toBe(column.usedBytes);
  }
});

test('texts that are nearly UUIDs come back exactly as they came', () => {
  const good = uuid(1);
  const texts = [
    good.toUpperCase(),
    good.replace('a', 'A'),
    good.replaceAll('-', ''),
    `${good.slice(0, 35)}g`,
    `${good} `,
    good.replace('-', '0'),
    `{${good.slice(0, 34)}}`,
    `${good.slice(0, 8)}${good.slice(9)}-`,
    'é'.repeat(18),
    '',
  ];
  const { column } = pushed(texts.length, (i) => texts[i]);
  texts.forEach((text, i) => {
    expect(column.text(i)).toBe(text);
  });
});

test('an id that is appended again reads as before, from and to pages of either form, and while they grow', () => {
  const copied = (count: number, textOf: (i: number) => string, from: readonly number[]): void => {
    const { column, memory } = pushed(count, textOf);
    for (const i of from) column.pushCopy(i);
    from.forEach((i, k) => {
      expect(column.text(count + k)).toBe(textOf(i));
      expect(column.text(i)).toBe(textOf(i));
    });
    expect(column.length).toBe(count + from.length);
    expect(memory.usedBytes).toBe(column.usedBytes);
  };
  const some = Array.from({ length: 90 }, (_, k) => (k * 7) % 15);
  copied(15, uuid, some);
  copied(15, (i) => (i === 9 ? 'x' : uuid(i)), some);
  copied(15, (i) => `id-${i}`, some);
  // Into the next chunk, which is of the other form.
  copied(CHUNK + 1, (i) => (i === CHUNK ? 'x' : uuid(i)), [0, CHUNK, 5]);
  copied(CHUNK + 1, (i) => (i === CHUNK ? uuid(7) : `id-${i}`), [CHUNK, 3, 4, CHUNK]);
});
