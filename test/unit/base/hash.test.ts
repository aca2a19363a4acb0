import { expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import { mix32, murmur32, unmix32, xxh32 } from '../../../src/base/hash.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

test('xxh32 gives the published values', () => {
  expect(xxh32(bytesOf(''), 0, 0, 0)).toBe(0x02cc5d05);
  expect(xxh32(bytesOf(''), 0, 0, 0x9e3779b1)).toBe(0x36b78ae7);
  expect(xxh32(bytesOf('a'), 0, 1, 0)).toBe(0x550d7456);
  expect(xxh32(bytesOf('abc'), 0, 3, 0)).toBe(0x32d153ff);
  expect(xxh32(bytesOf('Nobody inspects the spammish repetition'), 0, 39, 0)).toBe(0xe2293b2f);
});

test('xxh32 agrees with xxhash-wasm at every length, offset and some seeds', async () => {
  const { h32Raw } = await xxhash();
  const bytes = new Uint8Array(300);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 167 + (i >> 3)) & 0xff;
  for (const seed of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    for (let length = 0; length <= 200; length++) {
      const offset = length % 7;
      expect(xxh32(bytes, offset, length, seed)).toBe(h32Raw(bytes.subarray(offset, offset + length), seed) >>> 0);
    }
  }
});

test('murmur32 gives the published values of MurmurHash3_x86_32', () => {
  const cases: [text: string, seed: number, hash: number][] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['\u0000\u0000\u0000\u0000', 0, 0x2362f9de],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aa', 0x9747b28c, 0x5d211726],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['abcd', 0x9747b28c, 0xf0478627],
    ['abc', 0x9747b28c, 0xc84a62dd],
    ['ab', 0x9747b28c, 0x74875592],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ];
  for (const [text, seed, hash] of cases) {
    const bytes = bytesOf(`xy${text}z`);
    expect([text, murmur32(bytes, 2, bytes.length - 3, seed)]).toEqual([text, hash]);
  }
  const vectors: [bytes: number[], seed: number, hash: number][] = [
    [[0xff, 0xff, 0xff, 0xff], 0, 0x76293b50],
    [[0x21, 0x43, 0x65, 0x87], 0, 0xf55b516b],
    [[0x21, 0x43, 0x65, 0x87], 0x5082edee, 0x2362f9de],
    [[0x21, 0x43, 0x65], 0, 0x7e4a8634],
    [[0x21, 0x43], 0, 0xa0f7b07a],
    [[0x21], 0, 0x72661cf4],
    [[0, 0, 0], 0, 0x85f0b427],
    [[0, 0], 0, 0x30f4c306],
    [[0], 0, 0x514e28b7],
  ];
  for (const [bytes, seed, hash] of vectors) {
    expect([bytes, murmur32(Uint8Array.from(bytes), 0, bytes.length, seed)]).toEqual([bytes, hash]);
  }
});

test('mix32 is a bijection on what it was tried with, and keeps 0', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 100_000; i++) seen.add(mix32(i));
  expect(seen.size).toBe(100_000);
  expect(mix32(0)).toBe(0);
  for (let i = 0; i < 100_000; i++) {
    const value = Math.imul(i, 0x9e3779b1) >>> 0;
    if (unmix32(mix32(value)) !== value) expect(unmix32(mix32(value))).toBe(value);
  }
});
