import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADMIN, ALL_RIGHTS, INGEST, KeyRing, READ } from '../../../src/server/auth/key-ring.ts';
import { checkExposure, isLocalCaller, isLoopbackHost } from '../../../src/server/auth/loopback.ts';

const ring = new KeyRing({ write: ['wk', 'both', 'pair:secret'], read: ['rk', 'both'], admin: ['ak'] });
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('KeyRing', () => {
  test('gives each key its rights, and a key of two lists both', () => {
    expect(ring.rightsOf('wk')).toBe(INGEST);
    expect(ring.rightsOf('rk')).toBe(READ);
    expect(ring.rightsOf('both')).toBe(INGEST | READ);
    expect(ring.rightsOf('ak')).toBe(ALL_RIGHTS);
    expect(ring.rightsOf('ak') & ADMIN).toBe(ADMIN);
  });

  test('reads headers of either scheme, in any case', () => {
    for (const header of ['Bearer wk', 'bearer wk', 'BEARER wk', basic('wk:'), basic('wk:x:y'), basic('wk')]) {
      expect([header, ring.rightsOfAuthorization(header)]).toEqual([header, INGEST]);
    }
    expect(ring.rightsOfAuthorization(basic('pair:secret'))).toBe(INGEST);
    expect(ring.rightsOfPair('pair:secret')).toBe(INGEST);
    expect(ring.rightsOfPair('pair')).toBe(0);
  });

  test('knows no other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!['wk', 'rk', 'ak', 'both', 'pair:secret'].includes(text));
        return ring.rightsOf(text) === 0 && ring.rightsOfAuthorization(`Bearer ${text}`) === 0;
      }),
    );
    for (const header of [
      '',
      'Bearer',
      'Bearer ',
      'Basic ',
      'Basic',
      'wk',
      'Bearer  wk',
      `Bearer ${'w'.repeat(5_000)}`,
    ]) {
      expect(ring.rightsOfAuthorization(header)).toBe(0);
    }
    // Characters past one byte are not folded into it.
    expect(ring.rightsOf(String.fromCharCode('w'.charCodeAt(0) + 256, 'k'.charCodeAt(0)))).toBe(0);
  });

  test('without keys is open', () => {
    const open = new KeyRing({ write: [], read: [], admin: [] });
    expect([open.isOpen, open.rightsOfAuthorization(''), open.rightsOf('x')]).toEqual([true, ALL_RIGHTS, ALL_RIGHTS]);
    expect(ring.isOpen).toBe(false);
  });
});

describe('loopback', () => {
  test('names and addresses', () => {
    for (const host of ['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]'])
      expect([host, isLoopbackHost(host)]).toEqual([host, true]);
    for (const host of [
      '',
      '0.0.0.0',
      '::',
      '128.0.0.1',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '127.1',
    ]) {
      expect([host, isLoopbackHost(host)]).toEqual([host, false]);
    }
  });

  test('a caller is local when both host and origin are', () => {
    expect(isLocalCaller('127.0.0.1:8080', '')).toBe(true);
    expect(isLocalCaller('[::1]:8080', 'http://localhost:3000')).toBe(true);
    expect(isLocalCaller('localhost', 'https://evil.example')).toBe(false);
    expect(isLocalCaller('localhost', 'null')).toBe(false);
    expect(isLocalCaller('evil.example:8080', '')).toBe(false);
    expect(isLocalCaller('', '')).toBe(false);
  });

  test('exposure needs keys', () => {
    expect(() => checkExposure('0.0.0.0', false)).toThrow(/without keys/);
    checkExposure('0.0.0.0', true);
    checkExposure('localhost', false);
  });
});
