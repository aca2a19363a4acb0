/** Lookups as packed bytes: what is asked and answered arrives as it was, and bytes that somebody made up are refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AnswerReader,
  AnswerWriter,
  type Elsewhere,
  packQuestion,
  QuestionReader,
} from '../../../src/cluster/lookup-wire.ts';
import { EngineError } from '../../../src/model/error.ts';

const SEED = 20_261_123;
const reader = new QuestionReader();
const writer = new AnswerWriter();
const answers = new AnswerReader();

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.nat(3_000).map((length) => 'é'.repeat(length)),
);
const identifier = fc.record({ type: fc.oneof(fc.constantFrom('user_id', 'email'), text), value: text });
const options = fc.oneof(
  fc.constant(undefined),
  fc.record(
    { fields: fc.array(text, { maxLength: 3 }), events: fc.nat(9), at: fc.integer(), verbose: fc.boolean() },
    { requiredKeys: [] },
  ),
);
const led = fc.oneof(fc.constant(undefined), fc.tuple(text, text));
const further = fc.oneof(fc.nat(70_000), fc.tuple(text, text), fc.tuple(fc.nat(70_000), text, text), fc.constant(null));
const item = fc.oneof(fc.uint8Array({ maxLength: 600 }), further);

test('a question', () => {
  fc.assert(
    fc.property(fc.array(identifier, { maxLength: 20 }), options, led, (asked, wanted, by) => {
      // As on a link: not at the beginning of its memory.
      const packed = packQuestion(asked, wanted, by);
      const bytes = new Uint8Array(packed.length + 7).subarray(7);
      bytes.set(packed);
      reader.open(bytes);
      expect(reader.options).toEqual(wanted);
      expect(reader.by).toEqual(by);
      const got = [];
      for (let left = reader.count; left > 0; left--) {
        reader.next();
        got.push(reader.identifier());
      }
      expect(got).toEqual(asked);
    }),
    { numRuns: 300, seed: SEED },
  );
});

function write(items: readonly (Uint8Array | Elsewhere | null)[]): Uint8Array {
  writer.begin();
  for (const one of items) {
    if (one === null) writer.nobody();
    else if (one instanceof Uint8Array) writer.profile(one, 0, one.length);
    else writer.elsewhere(one);
  }
  return Uint8Array.from(writer.end());
}

test('an answer, and every cut of it', () => {
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 12 }), fc.nat(), (items, cutAt) => {
      const bytes = write(items);
      const read = (from: Uint8Array): unknown[] => {
        answers.open(from);
        const got = items.map(() => answers.next() ?? answers.further);
        answers.close();
        return got;
      };
      expect(read(bytes).map((one) => (one instanceof Uint8Array ? [...one] : one))).toEqual(
        items.map((one) => (one instanceof Uint8Array ? [...one] : one)),
      );
      expect(() => read(bytes.subarray(0, cutAt % bytes.length))).toThrow(EngineError);
      expect(() => read(Uint8Array.of(...bytes, 0xc0))).toThrow(EngineError);
    }),
    { numRuns: 300, seed: SEED },
  );
});

test('a question that claims more than it has is refused', () => {
  expect(() => reader.open(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff))).toThrow(EngineError);
  expect(() => reader.open(Uint8Array.of(0, 0))).toThrow(EngineError);
  expect(() => reader.open(new Uint8Array(0))).toThrow(EngineError);
});
