/**
 * Whether the simulation would notice if the protocol had less in it: each mutation is put into a bundle of its own, which plays seeds until one
 * goes wrong. `KITH_SIM_MUTATION=…` takes those with this text in their name, `KITH_SIM_SEEDS` more seeds for each.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/kith-mutations');
const SEEDS = Number(process.env['KITH_SIM_SEEDS'] ?? 60);
const ONLY = process.env['KITH_SIM_MUTATION'] ?? '';
const TEST_TIMEOUT_MS = 900_000;

interface Noticed {
  readonly seed: number;
  readonly failure: string;
}

/** Undefined: none of the seeds goes wrong. */
async function play(mutation: Mutation | undefined, place: number): Promise<Noticed | undefined> {
  const outfile = join(CACHE, `${process.pid}-${place}.mjs`);
  const changed = mutation === undefined ? undefined : join(ROOT, mutation.file);
  await build({
    entryPoints: [join(ROOT, 'test/sim/cluster/seed-main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
    plugins: [
      {
        name: 'mutation',
        setup: (bundle) => {
          bundle.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const text = readFileSync(path, 'utf8');
            if (mutation === undefined || path !== changed) return { contents: text, loader: 'ts' };
            const parts = text.split(mutation.text);
            expect(parts, `the text of '${mutation.name}' in ${mutation.file}`).toHaveLength(2);
            return { contents: parts.join(mutation.instead), loader: 'ts' };
          });
        },
      },
    ],
  });
  const told = execFileSync(process.execPath, [outfile, '1', String(SEEDS)], { cwd: ROOT, encoding: 'utf8' });
  return told === '' ? undefined : (JSON.parse(told) as Noticed);
}

describe('the simulation notices when it is taken out that', () => {
  const asked = MUTATIONS.filter(({ name }) => name.includes(ONLY));
  test.each(asked.map((mutation) => [mutation.name, mutation] as const))(
    '%s',
    async (name, mutation) => {
      const noticed = await play(mutation, MUTATIONS.indexOf(mutation));
      expect(noticed, `'${name}' in ${SEEDS} seeds`).toBeDefined();
      process.stdout.write(`${name}: seed ${noticed?.seed}, ${noticed?.failure.slice(0, 160)}\n`);
    },
    TEST_TIMEOUT_MS,
  );
});
