/** Hostile HTTP bodies, names and addresses. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomOf, testSeed } from '../process/seed.ts';
import { expectProper, expectRefused, SteadyServer } from './steady.ts';

let server: SteadyServer;
beforeAll(async () => {
  server = await SteadyServer.start(2);
});

const track = (rest: object = {}): object => ({ type: 'track', userId: 'u', event: 'E', ...rest });
const batch = (...items: readonly unknown[]): string => JSON.stringify({ batch: items });
const nested = (depth: number, open: string, middle: string, close: string): string =>
  open.repeat(depth) + middle + close.repeat(depth);

describe('bodies', () => {
  it.each([
    ['empty', ''],
    ['a word', 'hello'],
    ['a number', '1'],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['cut off', '{"batch":[{"type":"track","userId":"u"'],
    ['two values', '{"batch":[]}{"batch":[]}'],
    ['a NUL', '{"batch":\u0000[]}'],
    ['no batch', '{"batches":[]}'],
    ['a batch that is none', '{"batch":{"length":4294967295}}'],
    ['a lone surrogate', '{"batch":"\\ud800"}'],
    ['open brackets', '['.repeat(100_000)],
    ['open objects', '{"a":'.repeat(100_000)],
    ['an endless number', `{"batch":${'9'.repeat(200_000)}}`],
    ['an endless text', `{"batch":"${'x'.repeat(1_000_000)}"}`],
    ['a text without end', `{"batch":"${'x'.repeat(1_000_000)}`],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['an overlong encoding', Buffer.from('{"batch":"\xc0\x80"}', 'latin1')],
  ])('that are %s are refused with a code', async (_, body) => {
    for (const path of ['/v1/batch', '/v1/import', '/v1/profiles/get', '/v1/query']) {
      expectRefused(await server.kith.post(path, body), undefined);
    }
    await server.expectSteady();
  });

  it('past the limit are refused, however they are packed', async () => {
    const big = Buffer.from(batch(track({ properties: { x: 'y'.repeat(5_000_000) } })));
    const bomb = Buffer.alloc(80 * 2 ** 20, 0x20);
    const bodies: [Buffer, string, string[]][] = [
      [big, '', ['payload_too_large']],
      [gzipSync(big), 'gzip', ['payload_too_large']],
      [deflateSync(big), 'deflate', ['payload_too_large']],
      [brotliCompressSync(big), 'br', ['payload_too_large']],
      [gzipSync(bomb), 'gzip', ['payload_too_large']],
      [gzipSync(gzipSync(bomb)), 'gzip', ['malformed_json']],
      [gzipSync(big).subarray(0, 1_000), 'gzip', ['malformed_gzip']],
      [Buffer.from('not gzip at all'), 'gzip', ['malformed_gzip']],
      [Buffer.alloc(0), 'gzip', ['malformed_gzip', 'malformed_json']],
      [Buffer.from('{}'), 'gzip, gzip', ['unsupported_encoding']],
      [Buffer.from('{}'), 'zstd', ['unsupported_encoding']],
    ];
    for (const [body, encoding, codes] of bodies) {
      const headers: Record<string, string> = encoding === '' ? {} : { 'content-encoding': encoding };
      expectRefused(await server.kith.post('/v1/batch', body, headers), codes);
      await server.expectSteady();
    }
    // Twenty bombs at once take turns or are refused.
    const zipped = gzipSync(bomb);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.kith.post('/v1/batch', zipped, { 'content-encoding': 'gzip' })),
    );
    for (const answer of answers) expectRefused(answer, ['payload_too_large', 'overloaded']);
    await server.expectSteady();
  });

  it('of many small items are refused or taken by count', async () => {
    expectRefused(await server.kith.post('/v1/batch', `{"batch":[${'{},'.repeat(900_000)}{}]}`), ['payload_too_large']);
    expectRefused(await server.kith.post('/v1/batch', `{"batch":[${'0,'.repeat(1_900_000)}0]}`), ['payload_too_large']);
    const { status, json } = await server.kith.post('/v1/batch', `{"batch":[${'[],'.repeat(4_999)}0]}`);
    expect(status).toBe(200);
    expect(json.rejected).toHaveLength(5_000);
    await server.expectSteady();
  });
});

describe('items', () => {
  it('that are too deep, too wide or too large are refused one by one', async () => {
    const keys = (count: number): string => `{${Array.from({ length: count }, (_, n) => `"k${n}":1`).join(',')}}`;
    const item = (properties: string): string =>
      `{"type":"track","userId":"wide","event":"E","properties":${properties}}`;
    const items: readonly (readonly [item: string, codes: readonly string[]])[] = [
      [item(nested(17, '{"a":', '1', '}')), ['too_deep']],
      [item(nested(5_000, '{"a":', '1', '}')), ['too_deep']],
      [item(`{"a":${nested(17, '[', '1', ']')}}`), ['too_deep']],
      [item(`{"a":${nested(5_000, '[', '1', ']')}}`), ['too_deep']],
      [item(keys(1_001)), ['too_many_properties']],
      [item(`{"x":"${'y'.repeat(70_000)}"}`), ['event_too_large']],
      [item(`{"${'n'.repeat(513)}":1}`), ['name_too_long']],
      [`{"type":"track","userId":"${'i'.repeat(513)}","event":"E"}`, ['id_too_long']],
      [`{"type":"track","userId":"wide","event":"${'e'.repeat(513)}"}`, ['name_too_long']],
      ['{"type":"track","userId":"wide","event":"E","timestamp":"yesterday"}', ['invalid_timestamp']],
      ['{"type":"track","userId":{"$ne":1},"event":"E"}', ['invalid_id']],
      ['{"type":["track"],"userId":"wide","event":"E"}', ['unknown_type']],
    ];
    const body = `{"batch":[${items.map(([text]) => text).join(',')},${item('{"good":1}')}]}`;
    const { status, json } = await server.kith.post('/v1/batch', body);
    expect(status).toBe(200);
    expect(json.accepted).toBe(1);
    expect(json.rejected.map(({ index }: { index: number }) => index)).toEqual(items.map((_, index) => index));
    for (const { index, code } of json.rejected) expect(items[index][1]).toContain(code);
    await server.expectSteady();
  });

  it('with integers that would become others are refused one by one, and named in order', async () => {
    const item = (rest: string): string => `{"type":"track","userId":"long","event":"Long",${rest}}`;
    const kept =
      '[9007199254740992,1000000000000000000000,18446744073709552000,18446744073709551616,1e300,0.12345678901234567]';
    const text = '"9007199254740993: , [9007199254740993, #0 #1 \\"9007199254740993"';
    const items = [
      item(`"properties":{"order":9007199254740993,"text":${text}}`),
      `{"type":"track","event":"Long","userId":9007199254740993}`,
      // The router refuses this one, the scanner those around it.
      `{"type":"track","userId":"-","event":"Long"}`,
      item('"properties":{"list":[1,{"deep":-9007199254740993}]}'),
      item(`"properties":{"long":${'9'.repeat(400)}}`),
      item(`"messageId":"kept","properties":{"kept":${kept},"text":${text}}`),
    ];
    const { status, json } = await server.kith.post('/v1/batch', `{"batch":[${items.join(',')}]}`);
    expect(status).toBe(200);
    expect(json.rejected.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual([
      [0, 'invalid_number'],
      [1, 'invalid_id'],
      [2, 'no_identifier'],
      [3, 'invalid_number'],
      [4, 'invalid_number'],
    ]);
    const { json: profile } = await server.kith.call('/v1/profiles/long?events=10');
    expect(profile.events.map(({ properties }: { properties: unknown }) => properties)).toEqual([
      { kept: JSON.parse(kept), text: JSON.parse(text) },
    ]);
    await server.expectSteady();
  });

  it('of a hundred thousand levels or a million keys leave the process alone', async () => {
    const deep = [
      `{"batch":[{"type":"track","userId":"d","event":"E","properties":${nested(100_000, '{"a":', '1', '}')}}]}`,
      `{"batch":[{"type":"track","userId":"d","event":"E","properties":{"a":${nested(100_000, '[', '', ']')}}}]}`,
      `{"batch":${nested(100_000, '[', '', ']')}}`,
      `{"batch":[],"context":${nested(100_000, '{"a":', '1', '}')}}`,
    ];
    for (const body of deep) {
      for (const path of ['/v1/batch', '/v1/track', '/v1/query', '/v1/profiles/get']) {
        expectProper(await server.kith.post(path, body));
      }
      await server.expectSteady();
    }
    const wide = `{${Array.from({ length: 300_000 }, (_, n) => `"k${n}":${n % 10}`).join(',')}}`;
    for (const body of [`{"batch":[{"type":"identify","userId":"w","traits":${wide}}]}`, wide]) {
      expectProper(await server.kith.post('/v1/batch', body));
      await server.expectSteady();
    }
  });

  it('named like parts of an object are data like any other', async () => {
    const names = [
      '__proto__',
      'constructor',
      'toString',
      'prototype',
      'hasOwnProperty',
      'valueOf',
      '__defineGetter__',
    ];
    for (const name of names) {
      const fields = `{"${name}":{"polluted":"${name}"},"${name}2":1,"in":{"${name}":5}}`;
      const body =
        `{"batch":[{"type":"identify","userId":"${name}","anonymousId":"a-${name}","traits":${fields},` +
        `"context":{"externalIds":[{"id":"${name}","type":"${name}"}],"${name}":{"x":1}}},` +
        `{"type":"track","userId":"${name}","event":"${name}","messageId":"m-${name}","properties":${fields},"${name}":{"y":2}}]}`;
      const { status, json } = await server.kith.post('/v1/batch', body);
      expect({ name, status, accepted: json.accepted }).toEqual({ name, status: 200, accepted: 2 });
      const found = await server.kith.call(`/v1/profiles/${name}?events=5`);
      expect(found.text).toContain(`"${name}":{"polluted":"${name}"}`);
      expect(Object.getOwnPropertyDescriptor(found.json.counts, name)?.value).toBe(1);
      expect(found.json.events).toHaveLength(1);
      const chosen = await server.kith.call(`/v1/profiles/${name}?fields=${name},in.${name}`);
      expect(chosen.status).toBe(200);
      expectProper(await server.kith.post('/v1/query', { where: `"${name}2" = 1 and did "${name}"`, as: 'count' }));
    }
    for (const op of names) {
      const answer = await server.kith.post('/v1/query', { where: { [op]: 1 }, as: op });
      expectRefused(answer);
      expectRefused(await server.kith.post(`/v1/${op}`, {}), ['not_found']);
      expectRefused(
        await server.kith.post('/v1/batch', { batch: [], sentAt: { [op]: 1 }, ack: op }, { 'x-kith-ack': op }),
      );
    }
    await server.expectSteady();
  });
});

describe('addresses', () => {
  it('hold any text, percent-encoded', async () => {
    const ids = [
      'a/b/c',
      '../../etc/passwd',
      'quote"quote',
      "it's",
      'back\\slash',
      'nul\u0000nul',
      'new\nline',
      'sp ace',
      'a+b',
      'a%b',
      '%00a',
      'ü',
      '客户',
      '👩‍👩‍👧‍👦',
      'e\u0301',
      '\u202e',
      'a:b',
      ':a',
      'user_id:x',
      'email:',
      '?a',
      '#a',
      '&x=1',
      ';a',
      '.a',
      '..a',
      '{id}',
      '*a',
      'ﬀ',
      '\u{10ffff}',
      'x'.repeat(512),
    ];
    const items = ids.map((userId, n) => track({ userId, messageId: `id-${n}` }));
    const answer = await server.kith.post('/v1/batch', { batch: items });
    expect(answer.json).toMatchObject({ accepted: ids.length, rejected: [] });
    const { json } = await server.kith.post('/v1/profiles/get', {
      ids: ids.map((value) => ({ type: 'user_id', value })),
    });
    expect(json.profiles.map((profile: { id: string } | null) => profile?.id)).toEqual(ids);
    for (const id of ids) {
      const typed = await server.kith.call(`/v1/profiles/user_id%3A${encodeURIComponent(id)}`);
      expect({ id, found: typed.json.id }).toEqual({ id, found: id });
      const plain = await server.kith.call(`/v1/profiles/${encodeURIComponent(id)}`);
      expect({ id, found: plain.json.id }).toEqual({ id, found: id });
    }
    await server.expectSteady();
  });

  it('of marks alone identify nobody, and are refused as that', async () => {
    const ids = ['%00', ':', '?', '#', ';', '.', '..', '*', '0', ' ', '-'];
    const items = ids.map((userId, n) => track({ userId, messageId: `mark-${n}` }));
    const { json } = await server.kith.post('/v1/batch', { batch: items });
    const codes = json.rejected.map(({ index, code }: { index: number; code: string }) => [index, code]);
    expect(codes).toEqual(ids.map((_, index) => [index, 'no_identifier']));
    for (const id of ids) {
      expectRefused(await server.kith.call(`/v1/profiles/user_id%3A${encodeURIComponent(id)}`), ['profile_not_found']);
      // A client's URL parser takes these two for path segments.
      if (id === '.' || id === '..') continue;
      expectRefused(await server.kith.call(`/v1/profiles/${encodeURIComponent(id)}`), ['profile_not_found']);
    }
    await server.expectSteady();
  });

  it('that are not UTF-8 or not percent-encoding are refused', async () => {
    for (const id of ['%', '%zz', '%ff', '%c0%80', '%ed%a0%80', 'a%']) {
      expectRefused(await server.kith.call(`/v1/profiles/${id}`), ['malformed_request']);
    }
    expectRefused(await server.kith.call(`/v1/profiles/${'x'.repeat(3_000)}`), ['profile_not_found']);
    for (const query of ['events=-1', 'events=1e9', 'events=99999', 'events=NaN', `fields=${'a,'.repeat(1_500)}`]) {
      expectRefused(await server.kith.call(`/v1/profiles/witness?${query}`), ['invalid_request']);
    }
    for (const query of ['fields=%ff%00', 'fields=__proto__', 'fields=a..b', 'events=0', '&&&', '=', '%', 'fields=']) {
      expectProper(await server.kith.call(`/v1/profiles/witness?${query}`));
    }
    await server.expectSteady();
  });
});

describe('random input', () => {
  it('in the place of bodies is answered every time', async () => {
    const seed = testSeed('random bodies');
    const random = randomOf(seed);
    const good = Buffer.from(
      batch(track({ properties: { a: [1, { b: 'ü' }], n: null } }), {
        type: 'identify',
        userId: 'r',
        traits: { email: 'a@b.c' },
      }),
    );
    for (let round = 0; round < 300; round += 1) {
      const body = Buffer.from(good);
      for (let change = random.below(6); change >= 0; change -= 1) body[random.below(body.length)] = random.below(256);
      const cut = random.chance(30) ? body.subarray(0, random.below(body.length)) : body;
      const path = random.pick(['/v1/batch', '/v1/import', '/v1/track', '/v1/query', '/v1/profiles/get']);
      const headers: Record<string, string> = random.chance(20)
        ? { 'content-encoding': random.pick(['gzip', 'br', 'deflate']) }
        : {};
      expectProper(await server.kith.post(path, cut, headers));
    }
    await server.expectSteady();
  });

  it('in the place of queries is answered every time', async () => {
    const random = randomOf(testSeed('random queries'));
    const words = [
      'city',
      '=',
      '!=',
      '"Łódź"',
      'and',
      'or',
      'not',
      '(',
      ')',
      'did',
      '"E"',
      'at',
      'least',
      '3',
      'times',
      'in',
      'last',
      '30d',
      '-',
      '1e999',
      'where',
      'count',
      'sum',
      'of',
      '[',
      ']',
      ',',
      '.',
      '"',
      "'",
      '\\',
      '\u0000',
      '👩',
      'is',
      'null',
      'contains',
      'matches',
      '"(a+)+$"',
      'between',
      'events',
      '<',
      '>',
      '*',
      'any',
      '{',
      '}',
      '__proto__',
      'null',
      'true',
      '9'.repeat(400),
      '('.repeat(3_000),
      'not '.repeat(3_000),
    ];
    for (let round = 0; round < 300; round += 1) {
      const text = Array.from({ length: 1 + random.below(14) }, () => random.pick(words)).join(
        random.chance(80) ? ' ' : '',
      );
      const where = random.chance(85)
        ? text
        : random.pick([[], {}, { op: text }, { and: [text] }, 5, [[[[[]]]]], { not: { not: {} } }]);
      const as = random.pick(['count', 'ids', 'profiles', 'table', '', 5]);
      expectProper(await server.kith.post('/v1/query', { where, as }));
    }
    expectRefused(await server.kith.post('/v1/query', { where: `${'x = 1 or '.repeat(20_000)}x = 1`, as: 'count' }));
    await server.expectSteady();
  });
});
