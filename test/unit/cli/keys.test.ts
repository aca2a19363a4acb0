import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureKeys, isLoopback, keyFilePath, readKeyFile } from '../../../src/cli/keys.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'kith-keys-'));
});
afterEach(() => rmSync(data, { recursive: true }));

const none = { writeKey: '', adminKey: '' };

describe('keys', () => {
  it('are made at the first start, readable by the owner alone, and kept', () => {
    const first = ensureKeys({ data: join(data, 'new'), host: '127.0.0.1', ...none });
    expect(first.fresh).toEqual({ writeKey: first.writeKey, adminKey: first.adminKey });
    expect(first.writeKey).not.toBe(first.adminKey);
    expect(statSync(keyFilePath(join(data, 'new'))).mode & 0o777).toBe(0o600);
    const second = ensureKeys({ data: join(data, 'new'), host: '0.0.0.0', ...none });
    expect(second).toEqual({ ...first, fresh: undefined });
  });

  it('that were chosen win and are not written', () => {
    const chosen = { writeKey: 'chosen-write', adminKey: 'chosen-admin' };
    expect(ensureKeys({ data, host: '0.0.0.0', ...chosen })).toEqual({ ...chosen, fresh: undefined });
    expect(readKeyFile(data)).toBeUndefined();
  });

  it('are not made up where others can reach the port', () => {
    expect(() => ensureKeys({ data, host: '0.0.0.0', ...none })).toThrow('will not listen on 0.0.0.0 without keys');
    expect(() => ensureKeys({ data, host: '::', writeKey: 'only-write', adminKey: '' })).toThrow('without keys');
    expect(readKeyFile(data)).toBeUndefined();
  });

  it('of an engine in memory are kept nowhere', () => {
    const made = ensureKeys({ data: ':memory:', host: 'localhost', ...none });
    expect(made.fresh).toBeDefined();
    expect(existsSync(':memory:')).toBe(false);
  });

  it('file that others could read is closed to them', () => {
    ensureKeys({ data, host: 'localhost', ...none });
    chmodSync(keyFilePath(data), 0o644);
    ensureKeys({ data, host: 'localhost', ...none });
    expect(statSync(keyFilePath(data)).mode & 0o777).toBe(0o600);
  });

  it('file that is none is refused, not overwritten', () => {
    writeFileSync(keyFilePath(data), '{"writeKey":1}');
    expect(() => ensureKeys({ data, host: 'localhost', ...none })).toThrow('must hold');
    expect(readFileSync(keyFilePath(data), 'utf8')).toBe('{"writeKey":1}');
  });

  it('loopback is told from other hosts', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'example.com', ''].some(isLoopback)).toBe(false);
  });
});
