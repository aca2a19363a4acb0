import { expect, test } from 'vitest';
import { EngineError } from '../../../src/model/error.ts';
import { encodeIdentityCommand } from '../../../src/shard/identity-command.ts';
import { type BatchHeader, decodeRecord, RecordBuilder } from '../../../src/shard/record.ts';
import { diceOf } from '../../property/memory-world.ts';

const header = (more: Partial<BatchHeader> = {}): BatchHeader => ({
  receivedAtMs: 1_750_000_000_123.5,
  sentAtMs: Number.NaN,
  isImport: false,
  defaultKind: 3,
  idSeedHigh: 0xdead_beef,
  idSeedLow: 0xffff_ffff,
  ...more,
});

test('a record gives back its header, routes, indexes, external ids and items, reused builder or not', () => {
  const builder = new RecordBuilder();
  const dice = diceOf(3);
  for (let round = 0; round < 200; round++) {
    const source = new Uint8Array(20_000).map(() => dice(256));
    builder.reset();
    const items: { bytes: Buffer; route: number; index: number }[] = [];
    const extra = new Map<number, [string, string][]>();
    const hasIds = dice(2) === 0;
    let at = dice(5);
    for (let i = dice(600); i > 0 && at < 19_900; i--) {
      // Some lie side by side, some do not.
      if (dice(3) === 0) at += dice(4);
      const size = 1 + dice(30);
      const route = dice(64);
      const index = items.length * 2 + dice(2);
      if (dice(9) === 0) {
        builder.addExtra([{ type: 'crm', value: `x${i} ü` }]);
        extra.set(items.length, [['crm', `x${i} ü`]]);
      }
      builder.add(source, at, at + size, route, index, hasIds);
      items.push({ bytes: Buffer.from(source.subarray(at, at + size)), route, index });
      at += size;
    }
    const sentAtMs = dice(2) === 0 ? Number.NaN : dice(1e9);
    const bytes = Uint8Array.from(builder.finish(source, header({ sentAtMs, isImport: round % 2 === 0 })));
    // At an odd place, as a log may hand it out.
    const shifted = Buffer.concat([Buffer.from([1, 2, 3]), bytes]).subarray(3);
    const record = decodeRecord(shifted);
    if (record.kind !== 'events') throw new Error('not an events record');
    expect(record.header).toEqual(header({ sentAtMs, isImport: round % 2 === 0 }));
    expect(record.count).toBe(items.length);
    expect([...record.routes]).toEqual(items.map(({ route }) => route));
    if (!hasIds) expect(items.map((_, ordinal) => record.indexOf(ordinal))).toEqual(items.map(({ index }) => index));
    expect(new Map(record.extra)).toEqual(extra);
    expect(
      Buffer.from(shifted.subarray(record.itemsStart, record.itemsEnd)).equals(
        Buffer.concat(items.map((item) => item.bytes)),
      ),
    ).toBe(true);
  }
});

test('an identity record gives back its command', () => {
  const [identifier, target] = [
    { type: 'anonymous_id', value: 'a\u0000ü😀' },
    { type: 'crm', value: '' },
  ];
  const command = { kind: 'bind', identifier, target } as const;
  expect(decodeRecord(encodeIdentityCommand(command))).toEqual({ kind: 'identity', command });
});

test('a record of a kind from the future is refused as storage_failed', () => {
  expect(() => decodeRecord(Uint8Array.of(9, 0, 0))).toThrow(EngineError);
});
