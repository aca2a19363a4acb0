/** `kith bench`: hands over to `npm run bench`, which needs the repository (the benches are not in the package). */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { EngineError } from '../model/error.ts';

export async function runBench(args: readonly string[]): Promise<number> {
  if (!existsSync('bench/run.ts')) {
    throw new EngineError('invalid_request', 'kith bench runs in a clone of the repository, in its top folder');
  }
  const child = spawn('npm', ['run', '--silent', 'bench', '--', ...args], { stdio: 'inherit' });
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
