import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QuarantineRecord } from '../../../src/cluster/quarantine.ts';
import { QUARANTINE_FILE, readQuarantine, writeQuarantine } from '../../../src/supervisor/quarantine-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kith-quarantine-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const full: QuarantineRecord = {
  hash: '3-a',
  atMs: Date.parse('2026-01-02T03:04:05.006Z'),
  shard: 2,
  kind: 'item',
  what: 'track',
  event: 'E\n"',
  messageId: 'm',
  bytes: Uint8Array.of(0, 255, 7),
};
const bare: QuarantineRecord = { hash: '3-b', atMs: 0, shard: 0, kind: 'item', what: 'item' };

describe('the quarantine file', () => {
  it("gives back what was written, and is its owner's alone", () => {
    expect(readQuarantine(folder)).toEqual([]);
    writeQuarantine(folder, [full, bare]);
    expect(readQuarantine(folder)).toEqual([full, bare]);
    expect(readdirSync(folder)).toEqual([QUARANTINE_FILE]);
    expect(statSync(join(folder, QUARANTINE_FILE)).mode & 0o777).toBe(0o600);
    writeQuarantine(folder, []);
    expect(readQuarantine(folder)).toEqual([]);
  });

  it.each([
    ['{', 'line 1'],
    ['{"at":"2026-01-01T00:00:00Z","hash":"a","shard":0,"kind":"item"}\n{"at":5}', 'line 2: at is no time'],
    ['{"at":"2026-01-01T00:00:00Z","hash":5,"shard":0,"kind":"item"}', 'no record'],
  ])('%s is told and not taken for nothing', (content, message) => {
    writeFileSync(join(folder, QUARANTINE_FILE), content);
    expect(() => readQuarantine(folder)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    if (message !== 'line 1') expect(() => readQuarantine(folder)).toThrow(message);
  });

  it('that cannot be written is told', () => {
    expect(() => writeQuarantine(join(folder, 'missing'), [bare])).toThrow(
      expect.objectContaining({ code: 'storage_failed' }),
    );
  });
});
