/** The court's rules and bounds, and a sender's, on a clock that moves when told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { QuarantineGuard } from '../../../src/cluster/gateway/quarantine-guard.ts';
import {
  type QuarantineNews,
  type QuarantineRecord,
  SUSPECT_COUNT_MAX,
  SUSPECT_KEPT_MS,
  SUSPECTS_OF_DEATH_MAX,
} from '../../../src/cluster/quarantine.ts';
import { QuarantineCourt } from '../../../src/cluster/quarantine-court.ts';
import { exhibitOf, itemKey, sizeOfKey } from '../../../src/cluster/quarantine-key.ts';
import { EngineError } from '../../../src/model/error.ts';
import { ManualClock } from '../../unit/supervisor/fake-world.ts';

let clock: ManualClock;
let news: QuarantineNews[];
let kept: readonly QuarantineRecord[];
let court: QuarantineCourt;
const make = (earlier: readonly QuarantineRecord[] = []): QuarantineCourt =>
  new QuarantineCourt({
    clock,
    kept: earlier,
    onNews: (one) => news.push(one),
    onQuarantined: () => undefined,
    keep: (records) => {
      kept = records;
    },
  });
beforeEach(() => {
  clock = new ManualClock();
  news = [];
  kept = [];
  court = make();
});

const lost = (hash: string, shard = 0) => ({ shard, hash, outcome: 'lost' as const });
const record = (i: number, sizeBytes: number): QuarantineRecord => ({
  hash: `${sizeBytes.toString(16)}-${i}`,
  atMs: i,
  shard: 0,
  kind: 'item',
  what: 'track',
  bytes: new Uint8Array(sizeBytes),
});

describe('the court', () => {
  it('lets one suspect a shard be tried at a time, whoever asks', async () => {
    court.report(['1-a', '1-b', '1-c']);
    const order: string[] = [];
    const ask = (holder: string, shard: number, hash: string): Promise<void> =>
      court.begin(holder, shard, hash).then((standing) => void order.push(`${hash} ${standing}`));
    await ask('router 0', 0, '1-a');
    const second = ask('router 1', 0, '1-b');
    const again = ask('router 2', 0, '1-a');
    await ask('router 1', 1, '1-c');
    expect(order).toEqual(['1-a suspect', '1-c suspect']);
    court.end('router 0', { shard: 0, hash: '1-a', outcome: 'answered' });
    await second;
    court.end('router 1', { shard: 0, hash: '1-b', outcome: 'unsettled' });
    await again;
    expect(order.slice(2)).toEqual(['1-b suspect', '1-a free']);
    expect(court.standing('1-b')).toBe('suspect');
  });

  it('judges the same whether it hears of the end or of the loss first', async () => {
    court.report(['1-a', '1-b']);
    await court.begin('r', 0, '1-a');
    court.shardEnded(0, 'crash');
    court.end('r', lost('1-a'));
    await court.begin('r', 0, '1-b');
    court.end('r', lost('1-b'));
    expect(court.standing('1-b')).toBe('suspect');
    court.shardEnded(0, 'crash');
    expect(court.records().map(({ hash }) => hash)).toEqual(['1-a', '1-b']);
    expect(kept).toHaveLength(2);
  });

  it('a lost trial without a death, and one whose holder is gone, tell nothing', async () => {
    court.report(['1-a', '1-b']);
    await court.begin('r', 0, '1-a');
    court.end('r', lost('1-a'));
    const next = court.begin('r', 0, '1-b');
    clock.advance(5_000);
    expect(await next).toBe('suspect');
    const third = court.begin('other', 0, '1-a');
    const fourth = court.begin('r', 0, '1-a');
    court.holderEnded('r');
    await expect(fourth).rejects.toMatchObject({ code: 'shard_unavailable' });
    expect(await third).toBe('suspect');
    expect(court.count).toBe(0);
  });

  it('who dies with the shard needs not say so', async () => {
    court.report(['1-a']);
    await court.begin('shard 3', 3, '1-a', { kind: 'item', what: 'track', event: 'E' });
    court.shardEnded(3, 'crash');
    expect(court.records()).toMatchObject([{ hash: '1-a', shard: 3, event: 'E' }]);
  });

  it('a death further on is doubtful when another trial was under way there', async () => {
    court.report(['1-a', '1-b']);
    await court.begin('r', 0, '1-a');
    await court.begin('r', 1, '1-b');
    court.shardEnded(1, 'crash');
    court.end('r', { shard: 0, hash: '1-a', outcome: 'lost_elsewhere' });
    expect([court.standing('1-a'), court.standing('1-b')]).toEqual(['suspect', 'suspect']);
    court.end('r', lost('1-b', 1));
    expect([court.standing('1-a'), court.standing('1-b')]).toEqual(['suspect', 'quarantined']);
    await court.begin('r', 0, '1-a');
    court.end('r', { shard: 0, hash: '1-a', outcome: 'lost_elsewhere' });
    court.shardEnded(1, 'crash');
    expect(court.records().at(-1)).toMatchObject({ hash: '1-a', shard: 1 });
  });

  it('an end in order tells nothing, and calls are let go after some minutes', async () => {
    court.report(['call:merge-1']);
    await court.begin('r', 0, 'call:merge-1');
    court.shardEnded(0, 'ordered');
    court.end('r', lost('call:merge-1'));
    expect(court.standing('call:merge-1')).toBe('suspect');
    await court.begin('r', 0, 'call:merge-1');
    court.shardEnded(0, 'crash');
    court.end('r', lost('call:merge-1'));
    expect(court.standing('call:merge-1')).toBe('quarantined');
    expect(kept).toEqual([]);
    clock.advance(300_000);
    expect([court.standing('call:merge-1'), court.count]).toEqual(['free', 0]);
  });

  it('keeps so many suspects, for so long', () => {
    const many = Array.from({ length: SUSPECT_COUNT_MAX }, (_, i) => `1-${i}`);
    court.report(['1-first']);
    court.report(many);
    expect(court.suspectCount).toBe(SUSPECT_COUNT_MAX);
    expect([court.standing('1-first'), court.standing('1-0')]).toEqual(['free', 'suspect']);
    clock.advance(SUSPECT_KEPT_MS);
    expect(court.standing('1-0')).toBe('free');
    expect(court.suspectCount).toBe(0);
  });

  it.each([
    [1_000, 16, 'count'],
    [256, 65_536, 'size'],
  ])('keeps %i records of %i bytes: a bound by %s', async (max, sizeBytes) => {
    court = make(Array.from({ length: max }, (_, i) => record(i, sizeBytes)));
    court.report(['10000-new']);
    await court.begin('r', 0, '10000-new');
    court.shardEnded(0, 'crash');
    const exhibit = { kind: 'item', what: 'track', bytes: new Uint8Array(65_536) } as const;
    court.end('r', { ...lost('10000-new'), exhibit });
    const left = court.records().map(({ hash }) => hash);
    const first = record(0, sizeBytes).hash;
    expect([left.length, left.includes(first), left.includes('10000-new')]).toEqual([max, false, true]);
    // Who had it refused hears that it is not any more.
    expect(news.at(-1)).toMatchObject({ cleared: [first], quarantined: [{ hash: '10000-new' }] });
    expect(kept).toHaveLength(max);
  });
});

describe('a sender', () => {
  const reports: (readonly string[])[] = [];
  const guardOf = (isStopping = false): QuarantineGuard =>
    new QuarantineGuard({
      clock,
      isStopping: () => isStopping,
      court: {
        report: (_, hashes) => void reports.push(hashes),
        begin: async () => 'suspect',
        end: () => undefined,
      },
    });
  beforeEach(() => void reports.splice(0));

  it('suspects the first of a death, so many, and none when the shard was asked to end', () => {
    const guard = guardOf();
    const keys = Array.from({ length: SUSPECTS_OF_DEATH_MAX + 10 }, (_, i) => `1-${i}`);
    guard.died(0, keys);
    guard.died(0, ['1-more']);
    expect(guard.suspectCount).toBe(SUSPECTS_OF_DEATH_MAX);
    expect(reports.map(({ length }) => length)).toEqual([SUSPECTS_OF_DEATH_MAX]);
    guard.cameUp(0);
    guard.died(0, ['1-more']);
    expect(guard.standing('1-more')).toBe('suspect');
    for (let death = 0; death < 6; death++) {
      guard.cameUp(0);
      guard.died(
        0,
        keys.map((key) => `${key}-${death}`),
      );
    }
    expect(guard.suspectCount).toBe(SUSPECT_COUNT_MAX);
    const stopping = guardOf(true);
    stopping.died(0, ['1-a']);
    expect([stopping.suspectCount, stopping.isIdleOfItems]).toEqual([0, true]);
  });

  it('forgets with time, and is idle again', () => {
    const guard = guardOf();
    const bytes = Uint8Array.of(0x81, 0xa1, 0x61, 0x01);
    guard.died(0, [itemKey(bytes)]);
    expect([guard.isIdleOfItems, guard.standingOfItem(bytes).standing]).toEqual([false, 'suspect']);
    expect(guard.standingOfItem(Uint8Array.of(0x81, 0xa1, 0x61, 0x02)).standing).toBe('free');
    clock.advance(SUSPECT_KEPT_MS);
    expect([guard.standingOfItem(bytes).standing, guard.isIdleOfItems]).toEqual(['free', true]);
    guard.use({
      cleared: [],
      suspects: [],
      quarantined: [{ hash: 'call:merge-1', atMs: 0, shard: 0, untilMs: clock.nowMs() + 5 }],
    });
    expect([guard.standing('call:merge-1'), guard.isIdleOfCalls]).toEqual(['quarantined', false]);
    clock.advance(5);
    expect([guard.standing('call:merge-1'), guard.isIdleOfCalls]).toEqual(['free', true]);
  });

  it('sends one at a time, and goes on after one that fails', async () => {
    const guard = guardOf();
    guard.died(0, ['1-a', '1-b', '1-c']);
    const log: string[] = [];
    const exhibit = () => ({ kind: 'item', what: 'track' }) as const;
    const send = (key: string, answer: () => Promise<string>): Promise<string> =>
      guard.alone(
        0,
        key,
        () => {
          log.push(key);
          return answer();
        },
        () => 'answered',
        exhibit,
        false,
      );
    let fail: (error: Error) => void = () => undefined;
    const never = new Promise<string>((_, reject) => {
      fail = reject;
    });
    const first = send('1-a', () => never);
    const second = send('1-b', async () => 'b');
    const third = send('1-b', async () => 'again');
    await clock.yieldTurn();
    await Promise.resolve();
    await Promise.resolve();
    expect(log).toEqual(['1-a']);
    fail(new EngineError('shard_unavailable', 'gone', { details: { isUnknownOutcome: true } }));
    await expect(first).rejects.toThrow('gone');
    expect(await second).toBe('b');
    expect(await third).toBe('again');
    expect([guard.standing('1-a'), guard.standing('1-b')]).toEqual(['suspect', 'free']);
  });
});

it('a key says the size, and an exhibit no identifiers', () => {
  const bytes = Uint8Array.from(
    Buffer.from(
      '85a474797065a5747261636ba6757365724964a270 31a56576656e74a145a96d6573736167654964a16da470726f7081a16101'.replace(
        / /g,
        '',
      ),
      'hex',
    ),
  );
  const key = itemKey(bytes);
  expect(sizeOfKey(key)).toBe(bytes.length);
  const padded = new Uint8Array(bytes.length + 5);
  padded.set(bytes, 5);
  expect(itemKey(padded, 5, bytes.length)).toBe(key);
  expect(sizeOfKey('call:merge-0')).toBeUndefined();
  const { bytes: kept, ...shown } = exhibitOf(bytes);
  expect(kept).toBe(bytes);
  expect(shown).toEqual({ kind: 'item', what: 'track', event: 'E', messageId: 'm' });
});
