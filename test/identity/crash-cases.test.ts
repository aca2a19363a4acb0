/** Crashes that were found by `crash-matrix.test.ts`, each brought down to the records that matter, by name. */
import { expect, test } from 'vitest';
import { decodeRecord, ROUTE_JOIN_VISITOR } from '../../src/shard/record.ts';
import type { MemoryStorage } from '../../src/storage/memory-storage.ts';
import {
  bring,
  calmPortraits,
  cutAt,
  give,
  items,
  keyOn,
  openHost,
  recoverAndFinish,
  type Step,
} from './crash-script.ts';

/** What each record of a log holds: `events`, and the kinds of its identity commands; a merge that an item brought about by itself as well. */
function kindsOf(storage: MemoryStorage): string[][] {
  const found: string[][] = [];
  for (const { record } of storage.log.read(0)) {
    const decoded = decodeRecord(record);
    if (decoded.kind === 'identity') found.push([decoded.command.kind]);
    else {
      const commands = [...decoded.commands.values()].flat().map(({ kind }) => kind);
      const isJoin = decoded.routes.some((route) => (route & ROUTE_JOIN_VISITOR) !== 0);
      found.push(['events', ...commands, ...(isJoin ? ['merge'] : [])]);
    }
  }
  return found;
}

interface Crash {
  readonly shards: number;
  /** Acknowledged before the others are given. */
  readonly settled: readonly Step[];
  readonly steps: readonly Step[];
  /** Given last, and acknowledged where the shards that it touches keep everything. */
  readonly last?: Step;
  /** Given after the crash for the first time. */
  readonly after?: readonly Step[];
  /** By shard: what is lost begins with the record that holds this, behind the settled ones; absent = nothing is lost. */
  readonly lost: Readonly<Record<number, string>>;
}

async function survives({ shards, settled, steps, last, after = [], lost }: Crash): Promise<void> {
  const all = [...settled, ...steps, ...(last === undefined ? [] : [last])];
  const calm = await openHost(shards);
  for (const step of all) await give(calm, step).done;
  const host = await openHost(shards, { isAutoFlush: false });
  for (const step of settled) {
    const { done } = give(host, step);
    for (const storage of host.storages) storage.flush();
    await done;
  }
  const settledSeqs = host.storages.map(({ log }) => log.lastSeq);
  for (const step of steps) give(host, step);
  const end = last === undefined ? undefined : give(host, last);
  const ends = host.storages.map((storage, shard) => {
    if (lost[shard] === undefined) return storage.log.lastSeq;
    const at = kindsOf(calm.storages[shard]).findIndex(
      (kinds, i) => i >= settledSeqs[shard] && kinds.includes(lost[shard]),
    );
    expect(
      at,
      `shard ${shard} was told ${kindsOf(calm.storages[shard]).join(' | ')}, never to ${lost[shard]}`,
    ).toBeGreaterThanOrEqual(0);
    return at;
  });
  host.storages.forEach((storage, shard) => {
    storage.flush(ends[shard]);
  });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  const isLastAcknowledged = end?.isAcknowledged === true;
  const again = [...steps, ...(last === undefined || isLastAcknowledged ? [] : [last])];
  const acknowledged = [...settled, ...(isLastAcknowledged ? [last!] : [])];
  const storages = host.storages.map((storage, shard) => cutAt(storage, ends[shard]));
  const expected = await calmPortraits(shards, [...all, ...after]);
  await recoverAndFinish(storages, host.nowMs, [...again, ...after], acknowledged, expected);
}

const shards = 2;
const user = keyOn('user_id', 0, shards);
const visitor = keyOn('anonymous_id', 1, shards);
const twice = (key: string): Step => items(bring([key]), bring([key]));

test('a profile whose very first event and departure were lost, while it arrived elsewhere', async () => {
  const steps = [items(bring([user])), items(bring([user, visitor]))];
  await survives({ shards, settled: [twice(visitor)], steps, lost: { 0: 'events' } });
});

test('a profile that left for one that was lost with everything else of its shard', async () => {
  const steps = [twice(visitor), items(bring([user, visitor]))];
  await survives({ shards, settled: [items(bring([user]))], steps, lost: { 1: 'events' } });
});

test('a profile that became one of two before it left, when its own shard knows of neither', async () => {
  const other = keyOn('anonymous_id', 0, shards);
  const settled = [items(bring([user])), items(bring([other])), twice(visitor), twice(visitor), twice(visitor)];
  const steps = [items(bring([user, other])), items(bring([user, visitor]))];
  await survives({ shards, settled, steps, lost: { 0: 'merge' } });
});

test('a part that moved home, when the shard that it left knows nothing of the cut: the rest keeps its acknowledged events', async () => {
  const settled = [twice(user), items(bring([visitor])), items(bring([user, visitor]))];
  const steps: Step[] = [{ kind: 'separate', side: [visitor] }];
  await survives({ shards, settled, steps, lost: { 0: 'split' } });
});

test('a cut whose note was lost while the profile fell apart: the link does not come back', async () => {
  const settled = [twice(user), items(bring([visitor])), items(bring([user, visitor]))];
  const steps: Step[] = [{ kind: 'separate', side: [visitor] }];
  await survives({ shards, settled, steps, after: [items(bring([user, visitor]))], lost: { 1: 'pair' } });
});

test('a profile that went and came back, when its first shard knows of neither', async () => {
  const settled = [items(bring([user])), twice(visitor)];
  const steps: Step[] = [items(bring([user, visitor])), { kind: 'separate', side: [user] }];
  await survives({ shards, settled, steps, lost: { 0: 'depart' } });
});

test('an identifier that a cut set free and that came back by itself, when the cut was lost', async () => {
  const settled = [items(bring([user, visitor]))];
  const steps: Step[] = [{ kind: 'separate', side: [visitor] }];
  await survives({ shards, settled, steps, last: items(bring([visitor])), lost: { 0: 'split' } });
});
