/** A profile that moves to another shard takes along what was sent, whatever its values are and whatever their names. */
import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { open } from '../../../src/engine/open.ts';

const ODD = JSON.parse(
  `{"tags":[{"__proto__":1,"constructor":2,"x":{"__proto__":{"y":1}}}],"__proto__":{"a":1},"negative":-0,
    "empty":{},"nothing":null,"deep":{"a":{"b":[[],{}]}},"ü":["😀",1.5,9007199254740992,-1e308,5e-324]}`,
);
const DATED = { ...ODD, when: new Date(5e11), dates: [new Date(5e11), { at: new Date(-1) }] };
const PEOPLE = 16;

/** The visitor has less than the user, so it goes to where the user is. */
function story(n: number): object[] {
  const [user, visitor] = [{ userId: `user${n}` }, { anonymousId: `visitor${n}` }];
  return [
    { ...visitor, type: 'track', event: 'E', properties: DATED, context: ODD },
    { ...visitor, type: 'identify', traits: DATED, context: ODD },
    { ...user, type: 'track', event: '__proto__', properties: { dates: new Date(5e11) } },
    { ...user, type: 'track', event: 'E' },
    { ...user, type: 'track', event: 'E' },
    { ...user, ...visitor, type: 'identify' },
  ].map((item, i) => ({ ...item, messageId: `${n}-${i}` }));
}

async function lived(shards: number): Promise<{ readonly texts: readonly string[]; readonly hash: string }> {
  const engine = await open({ data: ':memory:', shards, clock: { nowMs: () => 1.7e12 } });
  for (let n = 0; n < PEOPLE; n++) {
    const outcome = engine.ingestFrame(encode({ op: 'batch', ack: 'applied', batch: story(n) }));
    if (outcome.kind !== 'ingest') throw new Error('not taken as a batch');
    expect((await outcome.result).accepted).toBe(6);
  }
  const texts = Array.from({ length: PEOPLE }, (_, n) =>
    Buffer.from(engine.lookupJson({ type: 'anonymous_id', value: `visitor${n}` }, { events: 9 })!).toString(),
  );
  const hash = engine.stateHash();
  await engine.close();
  return { texts, hash };
}

test('over any number of shards the same is there as on one, where nothing moves', async () => {
  const one = await lived(1);
  const profile = JSON.parse(one.texts[3]);
  expect(profile).toMatchObject({ id: 'user3', counts: { E: 3, ['__proto__']: 1 } });
  expect(JSON.stringify(profile.traits)).toContain('[{"__proto__":1,"constructor":2,"x":{"__proto__":{"y":1}}}]');
  for (const shards of [2, 4, 7]) expect(await lived(shards)).toEqual(one);
});
