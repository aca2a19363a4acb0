/** Texts that somebody else keeps already are pointed at there, and all else is as in any dictionary. */
import { expect, test } from 'vitest';
import { xxh32 } from '../../../src/base/hash.ts';
import { ByteDictionary } from '../../../src/memory/byte-dictionary.ts';
import { ByteHeap, type KnownTexts } from '../../../src/memory/byte-heap.ts';
import { LoadContext, SaveContext, type SavedState } from '../../../src/memory/persist.ts';
import { SlabMemory } from '../../../src/memory/slab-memory.ts';

function knownTexts(heap: ByteHeap, offsets: ReadonlyMap<string, number>): KnownTexts {
  return {
    heap,
    offsetOf: (bytes, offset, length) => offsets.get(Buffer.from(bytes).toString('utf8', offset, offset + length)) ?? 0,
  };
}

function codeOf(dictionary: ByteDictionary, text: string): number {
  const bytes = Buffer.from(text);
  return dictionary.findOrAdd(bytes, 0, bytes.length, xxh32(bytes, 0, bytes.length, 5));
}

test('known texts take no bytes, also after a rebuild and a load', () => {
  const memory = new SlabMemory();
  const lender = new ByteHeap(memory);
  const offsets = new Map<string, number>();
  const texts = Array.from({ length: 30_000 }, (_, i) => `person-${i}@example.org`);
  for (const text of texts.slice(0, 20_000)) {
    const bytes = Buffer.from(text);
    offsets.set(text, lender.append(bytes, 0, bytes.length));
  }
  const known = knownTexts(lender, offsets);
  const dictionary = ByteDictionary.knowing(memory, known);
  texts.forEach((text, i) => {
    expect(codeOf(dictionary, text)).toBe(i + 1);
  });
  // 10,000 of its own, some 25 bytes each, in one block.
  expect(dictionary.heap.usedBytes).toBeLessThanOrEqual(2 ** 19);
  const renumbered = new Uint32Array(texts.length + 1);
  let count = 0;
  for (let code = 2; code <= texts.length; code += 2) renumbered[code] = ++count;
  const rebuilt = dictionary.rebuilt(renumbered, count);

  const context = new SaveContext(memory.snapshot());
  const state: SavedState = { lender: lender.save(context), dictionary: rebuilt.save(context) };
  const loading = new LoadContext(new SlabMemory(), [...context.pages.keys()], (id) => memory.bytes(context.pages[id]));
  const lenderAgain = ByteHeap.load(loading, state['lender'] as SavedState);
  const again = ByteDictionary.load(loading, state['dictionary'] as SavedState, knownTexts(lenderAgain, offsets));
  for (const one of [rebuilt, again]) {
    let wrong = 0;
    for (let i = 1; i < texts.length; i += 2) {
      const code = (i + 1) / 2;
      if (one.text(code) !== texts[i] || codeOf(one, texts[i]) !== code) wrong += 1;
    }
    expect([wrong, one.count]).toEqual([0, count]);
    expect(codeOf(one, texts[0])).toBe(count + 1);
    expect(one.text(count + 1)).toBe(texts[0]);
  }
});
