import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../../src/engine/data-folder.ts';

let path: string;
let other: ChildProcess;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'kith-folder-'));
  other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
});
afterEach(async () => {
  const ended = new Promise((resolve) => other.once('exit', resolve));
  other.kill('SIGKILL');
  await ended;
  rmSync(path, { recursive: true });
});

const lock = (): string => join(path, 'lock');

describe('openDataFolder', () => {
  it('locks the folder until it is released', () => {
    const folder = openDataFolder(path, 3);
    expect(folder.shardCount).toBe(3);
    expect(readFileSync(lock(), 'utf8')).toMatch(new RegExp(`^${process.pid}( \\d+)?$`));
    expect(() => openDataFolder(path, 3)).toThrow('already has');
    folder.release();
    expect(existsSync(lock())).toBe(false);
    expect(() => openDataFolder(path, 4)).toThrow('made with 3 shard(s)');
    openDataFolder(path, undefined).release();
  });

  it('is refused while another process has it', () => {
    writeFileSync(lock(), String(other.pid));
    expect(() => openDataFolder(path, 1)).toThrow(`in use by process ${other.pid}`);
    expect(readFileSync(lock(), 'utf8')).toBe(String(other.pid));
  });

  it.each(['', 'nonsense', '-1', '999999999', `${process.pid} 1`])('takes over a lock that says %j', (content) => {
    writeFileSync(lock(), content);
    openDataFolder(path, 1).release();
  });

  it.runIf(process.platform === 'linux')('takes over the lock of a dead process whose id another one has now', () => {
    writeFileSync(lock(), `${other.pid} 1`);
    openDataFolder(path, 1).release();
  });

  it('tells when meta.json cannot be read', () => {
    writeFileSync(join(path, 'meta.json'), '');
    expect(() => openDataFolder(path, 1)).toThrow('meta.json cannot be read');
    expect(existsSync(lock())).toBe(false);
  });
});
