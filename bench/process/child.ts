/**
 * Processes that a bench starts: servers, peers and clients. None outlives the program: those still running at its end
 * are killed, and our own children also end when their standard input closes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { BenchError } from './bench-error.ts';
import { cpuSecondsOf, endedChildrenCpuSeconds } from './cpu.ts';
import { pinned } from './pin.ts';
import { builtFile } from './root.ts';

const STOP_TIMEOUT_MS = 60_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ChildOptions {
  readonly cpus?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it prints to standard error is shown at once instead of only when it fails. */
  readonly isTalkative?: boolean | undefined;
}

export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #lines: string[] = [];
  readonly #waiting: { readonly isIt: (line: string) => boolean; readonly resolve: (line: string) => void }[] = [];
  #complaint = '';
  readonly ended: Promise<number>;

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
    const [program, programArgs] = pinned(options.cpus, command, args);
    this.#name = name;
    this.#process = spawn(program, programArgs, {
      stdio: ['pipe', 'pipe', options.isTalkative ? 'inherit' : 'pipe'],
      env: { ...process.env, ...options.env },
    });
    running.add(this.#process);
    this.#process.stdin?.on('error', () => undefined);
    this.#process.stderr?.on('data', (data: Buffer) => {
      this.#complaint = (this.#complaint + data.toString('utf8')).slice(-4_000);
    });
    const output = createInterface({ input: this.#process.stdout! });
    output.on('line', (line) => this.#hear(line));
    this.ended = Promise.all([
      new Promise<number>((resolve, reject) => {
        this.#process.on('error', (error) => reject(new BenchError(`${name}: ${error.message}`)));
        this.#process.on('exit', (code, signal) => {
          running.delete(this.#process);
          resolve(signal === null ? (code ?? 1) : 1);
        });
      }),
      once(output, 'close'),
    ]).then(([code]) => code);
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get cpuSeconds(): number {
    return cpuSecondsOf(this.pid);
  }

  /** All lines it printed so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The first line that fits, also one printed before. Throws when the process ends without it. */
  async line(isIt: (line: string) => boolean): Promise<string> {
    const said = this.#lines.find(isIt);
    if (said !== undefined) return said;
    const heard = new Promise<string>((resolve) => this.#waiting.push({ isIt, resolve }));
    const first = await Promise.race([heard, this.ended]);
    if (typeof first === 'string') return first;
    throw this.#failed(first);
  }

  /** Says a line to its standard input and waits for its next line of JSON. One conversation at a time. */
  async ask(text: string): Promise<string> {
    const heard = new Promise<string>((resolve) => {
      this.#waiting.push({ isIt: (line) => line.startsWith('{'), resolve });
    });
    this.#process.stdin?.write(`${text}\n`);
    const first = await Promise.race([heard, this.ended]);
    if (typeof first === 'string') return first;
    throw this.#failed(first);
  }

  /** Waits for a good end; throws otherwise. */
  async finished(): Promise<void> {
    const code = await this.ended;
    if (code !== 0) throw this.#failed(code);
  }

  /** Asks it to end and waits. Throws when it ends badly. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    this.#process.kill('SIGTERM');
    await this.ended;
    clearTimeout(timer);
  }

  #hear(line: string): void {
    this.#lines.push(line);
    const at = this.#waiting.findIndex(({ isIt }) => isIt(line));
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(line);
  }

  #failed(code: number): BenchError {
    const said = this.#complaint.trim() || this.#lines.slice(-5).join('\n') || 'it said nothing';
    return new BenchError(`${this.#name} ended with code ${code}:\n${said}`);
  }
}

/** Starts one of our own programs with `config` as its argument. */
export function startProgram(path: string, config: unknown, options: ChildOptions = {}): Child {
  const args = ['--expose-gc', builtFile(`bench/${path}`), JSON.stringify(config)];
  return new Child(path, process.execPath, args, options);
}

/** Runs one of our own programs to its end; it answers with one line of JSON. */
export async function runProgram<Answer>(path: string, config: unknown, options: ChildOptions = {}): Promise<Answer> {
  const child = startProgram(path, config, options);
  const line = await child.line((text) => text.startsWith('{'));
  await child.finished();
  return JSON.parse(line) as Answer;
}

/** Runs a command to its end; `cpuSeconds` is what it used. One at a time, or the seconds mix. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<{ readonly lines: readonly string[]; readonly cpuSeconds: number }> {
  const before = endedChildrenCpuSeconds();
  const child = new Child(command, command, args, options);
  await child.finished();
  return { lines: child.lines, cpuSeconds: endedChildrenCpuSeconds() - before };
}
