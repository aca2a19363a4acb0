/** Each structure of `src/memory` beside the arrays and maps that say what it should hold. */
import { pack } from 'msgpackr';
import { expect } from 'vitest';
import { mix32, xxh32 } from '../../src/base/hash.ts';
import { ByteDictionary } from '../../src/memory/byte-dictionary.ts';
import { ByteHeap } from '../../src/memory/byte-heap.ts';
import { F64Column, U8Column, U16Column, U32Column } from '../../src/memory/fixed-column.ts';
import { IndexColumn, NO_INDEX } from '../../src/memory/index-column.ts';
import { CodeColumn, NumberColumn } from '../../src/memory/ladder-column.ts';
import { LinkColumn, NO_LINK } from '../../src/memory/link-column.ts';
import { MessageIdColumn } from '../../src/memory/message-id-column.ts';
import { PairTable } from '../../src/memory/pair-table.ts';
import type { LoadContext, SavedState } from '../../src/memory/persist.ts';
import { RowMap } from '../../src/memory/row-map.ts';
import { SerialColumn } from '../../src/memory/serial-column.ts';
import type { SlabMemory } from '../../src/memory/slab-memory.ts';
import { TimeColumn } from '../../src/memory/time-column.ts';
import { ArrayDictionary } from '../../src/profile/array-dictionary.ts';
import { TextColumn } from '../../src/profile/text-column.ts';
import type { Dice, Subject, SubjectKind } from './memory-world.ts';

const PATTERN = Buffer.from('The quick brown fox jumps over the lazy dog. ');

function textOf(dice: Dice): Buffer {
  // Lengths around the edges of the length's one and two byte forms too.
  const size = [dice(4), dice(40), 126 + dice(4), 255 + dice(3), 16_382 + dice(4)][
    [0, 0, 0, 1, 1, 1, 1, 2, 3, 4][dice(10)]
  ];
  const text = Buffer.alloc(size);
  const start = dice(PATTERN.length);
  for (let i = 0; i < size; i++) text[i] = PATTERN[(start + i) % PATTERN.length];
  return text;
}

function listKind<T>(
  make: (memory: SlabMemory, context?: LoadContext, state?: SavedState) => Subject<T[]>,
): SubjectKind<T[]> {
  return {
    newModel: () => [],
    copyModel: (model) => [...model],
    make: (memory) => make(memory),
    load: (context, state) => make(context.memory, context, state),
  };
}

type FixedClass = new (memory: SlabMemory) => U8Column | U16Column | U32Column | F64Column | IndexColumn;

function fixedKind(Column: FixedClass, value: (dice: Dice) => number): SubjectKind<number[]> {
  return listKind((memory, context, state) => {
    const column = new Column(memory);
    if (context !== undefined && state !== undefined) column.load(context, state);
    return {
      get usedBytes() {
        return column.usedBytes;
      },
      write(model, dice) {
        const next = value(dice);
        if (model.length === 0 || dice(3) > 0) {
          column.push(next);
          model.push(next);
        } else {
          const at = dice(model.length);
          column.set(at, next);
          model[at] = next;
        }
      },
      save: (saving) => column.save(saving),
      expectEqual(model) {
        expect(column.length).toBe(model.length);
        for (let i = 0; i < model.length; i++)
          if (!Object.is(column.get(i), model[i])) expect([i, column.get(i)]).toEqual([i, model[i]]);
      },
    };
  });
}

const heapKind = listKind<{ offset: number; text: Buffer }>((memory, context, state) => {
  const heap = context !== undefined && state !== undefined ? ByteHeap.load(context, state) : new ByteHeap(memory);
  return {
    get usedBytes() {
      return heap.usedBytes;
    },
    write(model, dice) {
      const text = textOf(dice);
      const offset = heap.append(Buffer.concat([Buffer.from('ab'), text, Buffer.from('z')]), 2, text.length);
      model.push({ offset, text });
    },
    save: (saving) => heap.save(saving),
    expectEqual(model) {
      for (const { offset, text } of model) {
        if (!heap.equals(offset, text, 0, text.length)) expect(heap.text(offset)).toBe(text.toString());
      }
    },
  };
});

const dictionaryKind = listKind<string>((memory, context, state) => {
  const dictionary =
    context !== undefined && state !== undefined ? ByteDictionary.load(context, state) : new ByteDictionary(memory);
  // Two bits of hash: nearly everything collides.
  const hashOf = (text: Buffer): number => xxh32(text, 0, text.length, 1) & 3;
  return {
    get usedBytes() {
      return dictionary.usedBytes;
    },
    write(model, dice) {
      const text = dice(3) === 0 || model.length === 0 ? textOf(dice) : Buffer.from(model[dice(model.length)]);
      const known = model.indexOf(text.toString());
      expect(dictionary.find(text, 0, text.length, hashOf(text))).toBe(known + 1);
      const code = dictionary.findOrAdd(text, 0, text.length, hashOf(text));
      if (known < 0) model.push(text.toString());
      expect(code).toBe(known < 0 ? model.length : known + 1);
    },
    save: (saving) => dictionary.save(saving),
    expectEqual(model) {
      expect(dictionary.count).toBe(model.length);
      for (let i = 0; i < model.length; i++) {
        const text = Buffer.from(model[i]);
        if (dictionary.find(text, 0, text.length, hashOf(text)) !== i + 1)
          expect(dictionary.text(i + 1)).toBe(model[i]);
      }
    },
  };
});

function arrayOf(dice: Dice): unknown[] {
  const tags = Array.from({ length: dice(12) }, () => `tag-${dice(40)}`);
  if (dice(4) > 0) return tags;
  return [...tags, [1, null, 'x'.repeat(300), 'y'.repeat(40), { a: 'tag-1' }, ['tag-2'], true][dice(7)]];
}

/** Arrays by code, given as msgpack and read back as that. */
const arrayDictionaryKind = listKind<string>((memory, context, state) => {
  const dictionary =
    context !== undefined && state !== undefined ? ArrayDictionary.load(context, state) : new ArrayDictionary(memory);
  const hashOf = (bytes: Buffer): number => xxh32(bytes, 0, bytes.length, 1) & 3;
  return {
    get usedBytes() {
      return dictionary.usedBytes;
    },
    write(model, dice) {
      const bytes =
        dice(3) > 0 || model.length === 0 ? pack(arrayOf(dice)) : Buffer.from(model[dice(model.length)], 'base64');
      const known = model.indexOf(bytes.toString('base64'));
      expect(dictionary.find(bytes, 0, bytes.length, hashOf(bytes))).toBe(known + 1);
      const code = dictionary.findOrAdd(bytes, 0, bytes.length, hashOf(bytes));
      if (known < 0) model.push(bytes.toString('base64'));
      expect(code).toBe(known < 0 ? model.length : known + 1);
    },
    save: (saving) => dictionary.save(saving),
    expectEqual(model) {
      expect(dictionary.count).toBe(model.length);
      for (let i = 0; i < model.length; i++) {
        dictionary.locate(i + 1);
        const { block, start, size } = dictionary.heap;
        if (Buffer.from(block.subarray(start, start + size)).toString('base64') !== model[i])
          expect([i, block.subarray(start, start + size)]).toEqual([i, Buffer.from(model[i], 'base64')]);
      }
    },
  };
});

function pairKind(keyOf: (dice: Dice) => number): SubjectKind<Map<number, number[]>> {
  const make = (memory: SlabMemory, context?: LoadContext, state?: SavedState): Subject<Map<number, number[]>> => {
    const table = context !== undefined && state !== undefined ? PairTable.load(context, state) : new PairTable(memory);
    const valuesOf = (key: number): number[] => {
      const found: number[] = [];
      for (let value = table.first(key); value !== 0; value = table.next(key)) found.push(value);
      return found;
    };
    return {
      get usedBytes() {
        return table.usedBytes;
      },
      write(model, dice) {
        const key = keyOf(dice);
        const value = 1 + dice(0xffff_ffff);
        const known = model.get(key) ?? [];
        if (known.length > 0 && dice(4) === 0) {
          const old = table.first(key);
          table.replace(value);
          known[known.indexOf(old)] = value;
        } else if (known.length < 5) {
          table.insert(key, value);
          model.set(key, [...known, value]);
        }
      },
      save: (saving) => table.save(saving),
      expectEqual(model) {
        let count = 0;
        for (const [key, values] of model) {
          count += values.length;
          expect(valuesOf(key).sort()).toEqual([...values].sort());
        }
        expect(table.count).toBe(count);
        expect(model.has(123) || table.first(123) === 0).toBe(true);
      },
    };
  };
  return {
    newModel: () => new Map(),
    copyModel: (model) => new Map([...model].map(([key, values]) => [key, [...values]])),
    make: (memory) => make(memory),
    load: (context, state) => make(context.memory, context, state),
  };
}

const rowMapKind: SubjectKind<Map<number, number>> = (() => {
  const make = (memory: SlabMemory, context?: LoadContext, state?: SavedState): Subject<Map<number, number>> => {
    const map = context !== undefined && state !== undefined ? RowMap.load(context, state) : new RowMap(memory);
    return {
      get usedBytes() {
        return map.usedBytes;
      },
      write(model, dice) {
        const row = dice(2) === 0 ? dice(500) : dice(2 ** 24);
        expect(map.get(row)).toBe(model.get(row) ?? -1);
        if (model.has(row)) return;
        map.add(row, model.size);
        model.set(row, model.size);
      },
      save: (saving) => map.save(saving),
      expectEqual(model) {
        for (const [row, slot] of model) expect(map.get(row)).toBe(slot);
      },
    };
  };
  return {
    newModel: () => new Map<number, number>(),
    copyModel: (model: Map<number, number>) => new Map(model),
    make: (memory: SlabMemory) => make(memory),
    load: (context: LoadContext, state: SavedState) => make(context.memory, context, state),
  };
})();

/** Index → value, sparse. Indexes near zero and around the edge of the second chunk. */
function sparseIndex(dice: Dice): number {
  return [dice(40), dice(2_000), 65_530 + dice(12), 131_070 + dice(4)][[0, 0, 0, 1, 1, 2, 2, 3][dice(8)]];
}

const ladderNumbers = [
  0,
  -0,
  1,
  -1,
  127,
  128,
  -127,
  -128,
  -129,
  255,
  32_767,
  32_768,
  -32_767,
  -32_768,
  -32_769,
  2_147_483_647,
  2_147_483_648,
  -2_147_483_647,
  -2_147_483_648,
  -2_147_483_649,
  0.5,
  327.67,
  327.68,
  -327.68,
  21_474_836.47,
  -21_474_836.48,
  0.1 + 0.2,
  3.2767,
  -3.2768,
  0.125,
  214_748.3647,
  -214_748.3648,
  1e300,
  Number.MIN_VALUE,
  -1.5,
  Number.MAX_SAFE_INTEGER,
];

function sparseKind(kind: 'codes' | 'numbers'): SubjectKind<Map<number, number>> {
  const make = (memory: SlabMemory, context?: LoadContext, state?: SavedState): Subject<Map<number, number>> => {
    const column = kind === 'codes' ? new CodeColumn(memory) : new NumberColumn(memory);
    if (context !== undefined && state !== undefined) column.load(context, state);
    const missing = kind === 'codes' ? 0 : Number.NaN;
    const clear = (index: number): void => {
      if (column instanceof CodeColumn) column.set(index, 0);
      else column.clear(index);
    };
    return {
      get usedBytes() {
        return column.usedBytes;
      },
      write(model, dice) {
        const index = sparseIndex(dice);
        if (dice(5) === 0) {
          clear(index);
          model.delete(index);
          return;
        }
        const wide = dice(20);
        const value =
          kind === 'codes'
            ? 1 + dice(wide === 0 ? 0xffff_ffff : wide < 3 ? 0xffff : 0xff)
            : wide === 0
              ? ladderNumbers[dice(ladderNumbers.length)]
              : (dice(wide < 3 ? 60_000 : 200) - 100) / (wide < 5 ? 100 : wide < 6 ? 10_000 : 1);
        column.set(index, value);
        model.set(index, value);
      },
      save: (saving) => column.save(saving),
      expectEqual(model) {
        for (const [index, value] of model)
          if (!Object.is(column.get(index), value)) expect([index, column.get(index)]).toEqual([index, value]);
        for (const index of [0, 1, 39, 65_535, 65_536, 131_071, 131_072, 500_000]) {
          if (!model.has(index)) expect(column.get(index)).toBe(missing);
        }
        if (column instanceof NumberColumn) expectInZone(column, model);
      },
    };
  };
  return {
    newModel: () => new Map(),
    copyModel: (model) => new Map(model),
    make: (memory) => make(memory),
    load: (context, state) => make(context.memory, context, state),
  };
}

function expectInZone(column: NumberColumn, model: Map<number, number>): void {
  for (const [index, value] of model) {
    expect(value).toBeGreaterThanOrEqual(column.mins[index >>> 16]);
    expect(value).toBeLessThanOrEqual(column.maxs[index >>> 16]);
  }
}

/** Index → text, overwritten so often that the dictionary is rebuilt again and again. */
const textKind: SubjectKind<Map<number, string>> = (() => {
  const make = (memory: SlabMemory, context?: LoadContext, state?: SavedState): Subject<Map<number, string>> => {
    const column =
      context !== undefined && state !== undefined ? TextColumn.load(context, state) : new TextColumn(memory);
    column.enableCompaction(8);
    return {
      get usedBytes() {
        return column.usedBytes;
      },
      write(model, dice) {
        const index = dice(4) === 0 ? sparseIndex(dice) : dice(6);
        if (dice(6) === 0) {
          column.clear(index);
          model.delete(index);
          return;
        }
        const text = `${dice(5) === 0 ? 'x'.repeat(dice(300)) : ''}text ${dice(400)}`;
        const bytes = Buffer.from(text);
        column.set(index, bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, 5));
        model.set(index, text);
      },
      save: (saving) => column.save(saving),
      expectEqual(model) {
        for (const [index, text] of model) expect(column.dictionary.text(column.codes.get(index))).toBe(text);
        for (const index of [0, 1, 39, 65_535, 65_536]) if (!model.has(index)) expect(column.codes.get(index)).toBe(0);
      },
    };
  };
  return {
    newModel: () => new Map<number, string>(),
    copyModel: (model: Map<number, string>) => new Map(model),
    make: (memory: SlabMemory) => make(memory),
    load: (context: LoadContext, state: SavedState) => make(context.memory, context, state),
  };
})();

const timeKind = listKind<number>((memory, context, state) => {
  const column = new TimeColumn(memory);
  if (context !== undefined && state !== undefined) column.load(context, state);
  return {
    get usedBytes() {
      return column.usedBytes;
    },
    write(model, dice) {
      const base = 1_750_000_000_000;
      const rare = dice(150);
      // Live traffic; seldom the very edges of what u32 offsets reach, and times far away.
      const time =
        rare === 0
          ? [-62_167_219_200_000, 253_402_300_799_999, 0, base - 2 ** 31, base + 2 ** 31][dice(5)]
          : rare === 1
            ? (model[0] ?? base) + [-(2 ** 31), 2 ** 31 - 1, 2 ** 31, -(2 ** 31) - 1][dice(4)]
            : base + dice(1_000_000_000);
      column.push(time);
      model.push(time);
    },
    save: (saving) => column.save(saving),
    expectEqual(model) {
      expect(column.length).toBe(model.length);
      for (let i = 0; i < model.length; i++) {
        if (column.get(i) !== model[i]) expect([i, column.get(i)]).toEqual([i, model[i]]);
        if (model[i] < column.mins[i >>> 16] || model[i] > column.maxs[i >>> 16])
          expect(column.mins[i >>> 16]).toBe(model[i]);
      }
    },
  };
});

const serialKind = listKind<number>((memory, context, state) => {
  const column = new SerialColumn(memory);
  if (context !== undefined && state !== undefined) column.load(context, state);
  return {
    get usedBytes() {
      return column.usedBytes;
    },
    write(model, dice) {
      // Now and then a step that 64 numbers' offsets just bear, or do not; the counter wraps.
      const step = dice(60) === 0 ? [65_535, 65_536, 60_000, 0xffff_ffff][dice(4)] : dice(30);
      const next = ((model.at(-1) ?? 2 ** 32 - 300) + step) >>> 0;
      column.push(next);
      model.push(next);
    },
    save: (saving) => column.save(saving),
    expectEqual(model) {
      expect(column.length).toBe(model.length);
      for (let i = 0; i < model.length; i++)
        if (column.get(i) !== model[i]) expect([i, column.get(i)]).toEqual([i, model[i]]);
    },
  };
});

const linkKind = listKind<number>((memory, context, state) => {
  const column = new LinkColumn(memory);
  if (context !== undefined && state !== undefined) column.load(context, state);
  return {
    get usedBytes() {
      return column.usedBytes;
    },
    write(model, dice) {
      const target = model.length === 0 || dice(4) === 0 ? NO_LINK : dice(model.length);
      column.push(target);
      model.push(target);
    },
    save: (saving) => column.save(saving),
    expectEqual(model) {
      expect(column.length).toBe(model.length);
      for (let i = 0; i < model.length; i++)
        if (column.get(i) !== model[i]) expect([i, column.get(i)]).toEqual([i, model[i]]);
    },
  };
});

export function uuidOf(dice: Dice): string {
  const hex = Array.from({ length: 32 }, () => '0123456789abcdef'[dice(16)]).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const messageIdKind = listKind<string>((memory, context, state) => {
  const column =
    context !== undefined && state !== undefined ? MessageIdColumn.load(context, state) : new MessageIdColumn(memory);
  return {
    get usedBytes() {
      return column.usedBytes;
    },
    write(model, dice) {
      const any = uuidOf(dice);
      // As a rule of version 4.
      const uuid = dice(80) === 0 ? any : `${any.slice(0, 14)}4${any.slice(15, 19)}${'89ab'[dice(4)]}${any.slice(20)}`;
      const other = [uuid.toUpperCase(), uuid.slice(1), `${uuid}0`, uuid.replace('-', '_'), '1', 'ajs-é-1'][dice(6)];
      const text = dice(120) === 0 ? other : uuid;
      const bytes = Buffer.from(`<${text}>`);
      column.push(bytes, 1, bytes.length - 2);
      model.push(text);
    },
    save: (saving) => column.save(saving),
    expectEqual(model) {
      expect(column.length).toBe(model.length);
      for (let i = 0; i < model.length; i++)
        if (column.text(i) !== model[i]) expect([i, column.text(i)]).toEqual([i, model[i]]);
    },
  };
});

// biome-ignore lint/suspicious/noExplicitAny: models differ from kind to kind; each kind agrees with itself.
export const SUBJECTS: Readonly<Record<string, SubjectKind<any>>> = {
  'a U8Column': fixedKind(U8Column, (dice) => dice(256)),
  'a U16Column': fixedKind(U16Column, (dice) => dice(65_536)),
  'a U32Column': fixedKind(U32Column, (dice) => dice(2 ** 32)),
  // Nearly all of three bytes, then one that makes a chunk wide.
  'an IndexColumn': fixedKind(IndexColumn, (dice) =>
    dice(400) === 0 ? 0xff_ffff + dice(1_000) : dice(20) === 0 ? NO_INDEX : dice(0xff_ffff),
  ),
  'an F64Column': fixedKind(F64Column, (dice) => ladderNumbers[dice(ladderNumbers.length)]),
  'a ByteHeap': heapKind,
  'a ByteDictionary whose hashes collide': dictionaryKind,
  'an ArrayDictionary whose hashes collide': arrayDictionaryKind,
  'a PairTable of mixed keys': pairKind((dice) => mix32(dice(100_000))),
  'a PairTable of few keys': pairKind((dice) => mix32(dice(12))),
  'a RowMap': rowMapKind,
  'a CodeColumn': sparseKind('codes'),
  'a NumberColumn': sparseKind('numbers'),
  'a TextColumn that forgets texts nobody has': textKind,
  'a TimeColumn': timeKind,
  'a SerialColumn': serialKind,
  'a LinkColumn': linkKind,
  'a MessageIdColumn': messageIdKind,
};
