/** Arrays of texts are kept as codes of their elements, and one array has one code, whatever happened before. */
import { pack, unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { LoadContext, SaveContext } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';
import { ArrayDictionary } from '../../../src/profile/array-dictionary.ts';

function codeOf(dictionary: ArrayDictionary, array: readonly unknown[]): number {
  const bytes = pack(array);
  return dictionary.findOrAdd(bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, 3));
}

function read(dictionary: ArrayDictionary, code: number): unknown {
  dictionary.locate(code);
  const { block, start, size } = dictionary.heap;
  return unpack(Uint8Array.from(block.subarray(start, start + size)));
}

test('arrays of every shape come back, and equal ones share a code', () => {
  const dictionary = new ArrayDictionary(new SlabMemory());
  const arrays: unknown[][] = [
    [],
    ['a'],
    ['a', 'a'],
    ['a', 'b', 'ä', '', 'x'.repeat(255), 'x'.repeat(31), 'x'.repeat(32)],
    ['x'.repeat(256)],
    ['a', 1],
    [['a']],
    [{ a: 'a' }],
    [null, true, 1.5],
    Array.from({ length: 16 }, (_, i) => `t${i}`),
    Array.from({ length: 70_000 }, (_, i) => `t${i % 300}`),
  ];
  arrays.forEach((array, i) => {
    expect(codeOf(dictionary, array)).toBe(i + 1);
  });
  arrays.forEach((array, i) => {
    expect(codeOf(dictionary, array)).toBe(i + 1);
    expect(read(dictionary, i + 1)).toEqual(array);
  });
});

test('a loaded dictionary finds an array longer than any that it has met since', () => {
  const memory = new SlabMemory();
  const dictionary = new ArrayDictionary(memory);
  const tags = Array.from({ length: 400 }, (_, i) => `tag-${i}`);
  const code = codeOf(dictionary, tags);
  const context = new SaveContext(memory.snapshot());
  const state = dictionary.save(context);
  const loading = new LoadContext(new SlabMemory(), [...context.pages.keys()], (id) => memory.bytes(context.pages[id]));
  expect(codeOf(ArrayDictionary.load(loading, state), tags)).toBe(code);
});

test('ten thousand lists of tags take a quarter of their msgpack', () => {
  const dictionary = new ArrayDictionary(new SlabMemory());
  let plainBytes = 0;
  for (let i = 0; i < 10_000; i++) {
    const tags = Array.from({ length: 8 }, (_, k) => `tag-${String((i * 37 + k * k * 11) % 900).padStart(3, '0')}`);
    tags.push(`tag-${i % 1_000}`);
    plainBytes += pack(tags).length;
    codeOf(dictionary, tags);
  }
  expect(dictionary.heap.length).toBeLessThan(plainBytes / 3.5);
});

test('when the elements are full, new ones are kept raw, known ones still as codes, and codes stay one for an array', () => {
  const dictionary = new ArrayDictionary(new SlabMemory());
  const known = Array.from({ length: 16_381 }, (_, i) => `k${i}`);
  for (const text of known) codeOf(dictionary, [text]);
  // Two have room: the first array fills it half way and is kept raw.
  const codes = [['n1', 'n2', 'n3'], ['n1'], ['n3'], ['n2', 'n1'], ['n4'], ['k5', 'k6']].map((array) => ({
    array,
    code: codeOf(dictionary, array),
  }));
  for (const { array, code } of codes) {
    expect(codeOf(dictionary, array)).toBe(code);
    expect(read(dictionary, code)).toEqual(array);
  }
  expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length);
});

test('a rebuilt dictionary keeps what is alive under its new codes and gives everything else back', () => {
  const memory = new SlabMemory();
  const dictionary = new ArrayDictionary(memory);
  for (let i = 0; i < 1_000; i++) codeOf(dictionary, [`tag-${i}`, `tag-${i + 1}`]);
  const codes = new Uint32Array(1_001);
  codes[900] = 1;
  codes[10] = 2;
  const rebuilt = dictionary.rebuilt(codes, 2) as ArrayDictionary;
  dictionary.free();
  expect(memory.usedBytes).toBe(rebuilt.usedBytes);
  expect([read(rebuilt, 1), read(rebuilt, 2)]).toEqual([
    ['tag-899', 'tag-900'],
    ['tag-9', 'tag-10'],
  ]);
  expect(codeOf(rebuilt, ['tag-9', 'tag-10'])).toBe(2);
  expect(codeOf(rebuilt, ['tag-5'])).toBe(3);
});
