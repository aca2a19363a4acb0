/** Our own server as a user starts it, in a process of its own, on a copy of a data folder. */
import { userIdText } from '../../src/generator/text.ts';
import type { Expression } from '../../src/model/expression.ts';
import type { BenchContext } from '../harness.ts';
import { BenchError } from '../process/bench-error.ts';
import { Child } from '../process/child.ts';
import { builtFile } from '../process/root.ts';

const KEY = 'bench-admin-key-0123456789abcdef';
const WRITE_KEY = 'bench-write-key-0123456789abcdef';

export interface ServedProfile {
  readonly id: string;
  readonly traits: object;
}

export interface KithServer {
  readonly url: string;
  readonly port: number;
  readonly key: string;
  readonly process: Child;
  /** An answer that is not JSON of a question: its bytes. Throws when it is refused. */
  call(path: string, method?: string, body?: object): Promise<Buffer>;
  /** One profile as it is served, with the bytes of its body. */
  profile(userIndex: number): Promise<{ readonly body: Buffer; readonly profile: ServedProfile }>;
  /** A series of the metrics page that has no labels. */
  metric(name: string): Promise<number>;
  /** Writes a checkpoint now, so that none comes in the middle of a turn, ours or a peer's. */
  checkpoint(): Promise<void>;
  /** How many profiles a condition holds for. */
  count(where: Expression): Promise<number>;
}

/** `extraArgs` of `kith serve`, such as `--shards 4`. */
export async function startKith(
  context: BenchContext,
  dataPath: string,
  extraArgs: readonly string[] = [],
): Promise<KithServer> {
  const { pins, profileFolder } = context;
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const place = ['--data', dataPath, '--port', '0', '--log-level', 'warn'];
  const args = [...profiling, builtFile('main.js'), 'serve', ...place, ...extraArgs];
  const child = new Child('kith serve', process.execPath, args, {
    cpus: pins.server,
    env: { KITH_ADMIN_KEY: KEY, KITH_WRITE_KEY: WRITE_KEY },
  });
  const ready = await child.line((line) => line.startsWith('kith listening on '));
  const url = ready.slice(ready.indexOf('http'));
  const call = async (path: string, method = 'GET', body?: object): Promise<Buffer> => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new BenchError(`${method} ${path} was answered with ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  };
  return {
    url,
    call,
    port: Number(new URL(url).port),
    key: KEY,
    process: child,
    async profile(userIndex) {
      const body = await call(`/v1/profiles/${userIdText(userIndex)}`);
      return { body, profile: JSON.parse(body.toString('utf8')) as ServedProfile };
    },
    async metric(name) {
      const page = (await call('/metrics')).toString('utf8');
      const line = page.split('\n').find((text) => text.startsWith(`${name} `));
      if (line === undefined) throw new BenchError(`the metrics page has no ${name}`);
      return Number(line.slice(name.length + 1));
    },
    async checkpoint() {
      await call('/v1/admin/checkpoint', 'POST');
    },
    async count(where) {
      const answer = await call('/v1/query', 'POST', { where });
      return (JSON.parse(answer.toString('utf8')) as { readonly count: number }).count;
    },
  };
}
