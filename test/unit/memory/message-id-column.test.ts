import { expect, test } from 'vitest';
import { ByteHeap } from '../../../src/memory/byte-heap.ts';
import { MessageIdColumn } from '../../../src/memory/message-id-column.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
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

test('UUIDs of one version and variant take 15.25 bytes, and come back whatever their other bits are', () => {
  const digits = '0123456789abcdef';
  for (const [version, variant] of [
    ['4', '89ab'],
    ['7', '89ab'],
    ['0', '0123'],
    ['f', 'cdef'],
  ]) {
    const textOf = (i: number): string => {
      const hex = (n: number): string => digits[(Math.imul(i + 1, 2_654_435_761 + 40_503 * n) >>> 13) & 15];
      const part = (from: number, count: number): string =>
        Array.from({ length: count }, (_, n) => hex(from + n)).join('');
      return `${part(0, 8)}-${part(8, 4)}-${version}${part(12, 3)}-${variant[i & 3]}${part(15, 3)}-${part(18, 12)}`;
    };
    const { column, memory } = pushed(CHUNK + 7, textOf);
    let wrong = 0;
    for (let i = 0; i < column.length; i++) if (column.text(i) !== textOf(i)) wrong += 1;
    expect(wrong).toBe(0);
    expect(memory.usedBytes).toBe(column.usedBytes);
    expect(column.usedBytes).toBeLessThanOrEqual(2 * 15.25 * CHUNK + 256);
  }
});

test('an id of another version or variant makes its chunk take 16 bytes an id, and of another form heap offsets, in any order', () => {
  const kinds = [
    (i: number): string => uuid(i),
    (i: number): string => uuid(i).replace('-4', '-7'),
    (i: number): string => uuid(i).replace('-8f', '-cf'),
    (i: number): string => `other-${i}`,
  ];
  for (const first of [1, 2, 3]) {
    for (const second of [1, 2, 3]) {
      for (const [a, b] of [
        [0, 1],
        [3, 5],
        [17, 40],
        [CHUNK - 2, CHUNK + 1],
      ]) {
        const textOf = (i: number): string => kinds[i === a ? first : i === b ? second : 0](i);
        const { column, memory } = pushed(b + 70, textOf);
        for (const i of [0, 1, 2, 3, 4, a - 1, a, a + 1, b - 1, b, b + 1, b + 69]) {
          if (i >= 0) expect(column.text(i)).toBe(textOf(i));
        }
        expect(memory.usedBytes).toBe(column.usedBytes);
      }
    }
  }
});

test('a page with ids from behind the checkpoint takes the ids of the replay, and chunks of an older format are read', () => {
  const { column, memory } = pushed(30, uuid);
  const context = new SaveContext(memory.snapshot());
  const state = column.save(context);
  // Appended behind the instant, into the page as the checkpoint writes it.
  for (const text of ['ffffffff-ffff-4fff-bfff-ffffffffffff', 'eeeeeeee-eeee-4eee-beee-eeeeeeeeeeee']) {
    column.push(Buffer.from(text), 0, 36);
  }
  const read = (id: number): Uint8Array => memory.bytes(context.pages[id]);
  const again = MessageIdColumn.load(new LoadContext(new SlabMemory(), [...context.pages.keys()], read), state);
  const other = '12345678-1234-4123-8123-123456789abc';
  again.push(Buffer.from(other), 0, 36);
  again.push(Buffer.from(uuid(31)), 0, 36);
  expect([29, 30, 31].map((i) => again.text(i))).toEqual([uuid(29), other, uuid(31)]);

  const old = new SlabMemory();
  const page = old.allocate(16 * 16);
  for (let i = 0; i < 10; i++) old.bytes(page).set(Buffer.from(uuid(i).replaceAll('-', ''), 'hex'), 16 * i);
  const saving = new SaveContext(old.snapshot());
  const heap = new ByteHeap(old).save(saving);
  const once = { length: 10, heap, pages: saving.list([page]), uuid: [true] };
  const bytes = (id: number): Uint8Array => old.bytes(saving.pages[id]);
  const older = MessageIdColumn.load(new LoadContext(new SlabMemory(), [...saving.pages.keys()], bytes), once);
  for (let i = 10; i < 40; i++) older.push(Buffer.from(uuid(i)), 0, 36);
  for (let i = 0; i < 40; i++) expect(older.text(i)).toBe(uuid(i));
});
