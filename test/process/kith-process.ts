/** A real `kith serve` in a process of its own: started from the build, spoken to over the network, killed at will. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export const WRITE_KEY = 'write-key-of-the-tests';
export const ADMIN_KEY = 'admin-key-of-the-tests';
export const asWriter = { authorization: `Bearer ${WRITE_KEY}` };
export const asAdmin = { authorization: `Bearer ${ADMIN_KEY}` };

export interface KithOptions {
  readonly data: string;
  readonly flags?: readonly string[] | undefined;
  /** Blocks of 512 bytes that the process may write into one file: a disk that is full. */
  readonly fileBlocksMax?: number | undefined;
  /** Lives until the end of the test file, not of the test. */
  readonly isShared?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read into answers of every shape.
  readonly json: any;
}

// Every start of a process costs a second of CPU, more on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const running = new Set<KithProcess>();
const folders: string[] = [];

const sharedFolders: string[] = [];

afterEach(async () => {
  await Promise.all([...running].filter((kith) => !kith.isShared).map((kith) => kith.kill()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await Promise.all([...running].map((kith) => kith.kill()));
  for (const folder of sharedFolders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the test, or the test file. */
export function temporaryFolder(isShared = false): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-process-'));
  (isShared ? sharedFolders : folders).push(folder);
  return folder;
}

/** Resident memory of a process; only where the system tells. */
function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kilobytes) * 1024;
}

export class KithProcess {
  readonly #child: ChildProcess;
  readonly isShared: boolean;
  readonly ended: Promise<Ended>;
  /** The URL; rejects when the process ends before it listens. */
  readonly listening: Promise<string>;
  url = '';
  stderr = '';

  private constructor(child: ChildProcess, isShared: boolean) {
    this.#child = child;
    this.isShared = isShared;
    running.add(this);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
      });
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr = (this.stderr + chunk.toString()).slice(-20_000);
    });
    let stdout = '';
    this.listening = new Promise((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        const url = /^kith listening on (\S+)\n/.exec(stdout)?.[1];
        if (url === undefined) return;
        this.url = url;
        resolve(url);
      });
      void this.ended.then((end) => reject(new Error(`kith ended (${JSON.stringify(end)}): ${this.stderr}`)));
    });
    this.listening.catch(() => undefined);
  }

  /** Starts it and does not wait. */
  static spawn(options: KithOptions): KithProcess {
    const { data, flags = [], fileBlocksMax } = options;
    const args = [MAIN, 'serve', '--port', '0', '--data', data, '--log-level', 'warn', ...flags];
    const env = { ...process.env, KITH_WRITE_KEY: WRITE_KEY, KITH_ADMIN_KEY: ADMIN_KEY, ...options.environment };
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    const child =
      fileBlocksMax === undefined
        ? spawn(process.execPath, args, { env, stdio })
        : spawn('sh', ['-c', 'ulimit -f "$0" && exec "$@"', String(fileBlocksMax), process.execPath, ...args], {
            env,
            stdio,
          });
    return new KithProcess(child, options.isShared === true);
  }

  static async start(options: KithOptions): Promise<KithProcess> {
    const kith = KithProcess.spawn(options);
    await kith.listening;
    return kith;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get isAlive(): boolean {
    return running.has(this);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  kill(): Promise<Ended> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }

  /** SIGTERM: drains, checkpoints, ends. */
  stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.ended;
  }

  /** Resident memory, of the processes of a cluster together; only where the system tells. */
  memoryBytes(): number {
    const children = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'latin1').split(' ').filter(Boolean);
    return [this.pid, ...children.map(Number)].reduce((sum, pid) => sum + residentBytes(pid), 0);
  }

  async call(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(this.url + path, { ...init, headers: { ...asAdmin, ...init.headers } });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    return this.call(path, { method: 'POST', headers, body: isRaw ? (body as string) : JSON.stringify(body) });
  }

  async stateHash(): Promise<string> {
    const answer = await this.call('/v1/admin/state-hash');
    if (answer.status !== 200) throw new Error(`no state hash: ${answer.text}`);
    return answer.json.stateHash as string;
  }
}
