import { execFileSync } from 'node:child_process';

/** Workers and child processes start from built JavaScript, so dist/ is built before the first test. */
export function setup(): void {
  execFileSync(process.execPath, ['config/build.mjs', '--bench', '--quiet'], { stdio: 'inherit' });
}
