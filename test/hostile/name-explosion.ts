/** Sends ever new names of properties under ever new event names (each takes 5,000), and holds the process to its limit. */
import { expect } from 'vitest';
import { KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { formFlags } from '../process/server-form.ts';

const NAMES_PER_ITEM = 500;

export interface ExplosionOptions {
  /** Names that the process may learn. */
  readonly limit: number;
  /** Each brings 1,000 names. */
  readonly batchCount: number;
}

export async function explodeNames({ limit, batchCount }: ExplosionOptions): Promise<void> {
  const data = temporaryFolder();
  const flags = formFlags(1, ['--limit-distinct-name-count', String(limit)]);
  const kith = await KithProcess.start({ data, flags });
  const counts = new Map<string, number>();
  const count = (code: string, by: number): unknown => counts.set(code, (counts.get(code) ?? 0) + by);
  for (let n = 0; n < batchCount; n += 1) {
    const { status, json } = await kith.post('/v1/batch', { batch: [itemOf('a', n), itemOf('b', n)] });
    expect(status).toBe(200);
    count('accepted', json.accepted);
    for (const { code } of json.rejected) count(code, 1);
  }
  const fitting = limit / NAMES_PER_ITEM;
  expect([...counts.keys()].sort()).toEqual(['accepted', 'schema_limit']);
  expect(counts.get('accepted')).toBeGreaterThan(fitting * 0.95);
  expect(counts.get('accepted')).toBeLessThanOrEqual(fitting);
  const known = { type: 'track', userId: 'u', event: 'Event a 0', properties: { a_0_1: 5 } };
  expect((await kith.post('/v1/batch', { batch: [known] })).json.rejected).toEqual([]);
  expect(kith.memoryBytes()).toBeLessThan(1_000 * 2 ** 20);
  const profile = (await kith.call('/v1/profiles/u')).text;
  await kith.kill();
  const again = await KithProcess.start({ data, flags });
  expect((await again.call('/v1/profiles/u')).text).toBe(profile);
}

function itemOf(prefix: 'a' | 'b', n: number): object {
  const names = Array.from({ length: NAMES_PER_ITEM }, (_, k): [string, number] => [`${prefix}_${n}_${k}`, k]);
  const event = `Event ${prefix} ${Math.floor(n / 10)}`;
  return { type: 'track', userId: 'u', event, properties: Object.fromEntries(names) };
}
