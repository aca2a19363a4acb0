/** Program: asks several servers the same question in turns over one kept connection each, one at a time, and answers with the times of each. */
import { Agent, request } from 'node:http';
import type { QueryRequest } from '../../src/model/query.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';

export interface QueryLoadConfig {
  readonly servers: readonly { readonly port: number; readonly key: string }[];
  readonly ask: QueryRequest;
  /** Of each server, uncounted ones first. */
  readonly warmCount: number;
  readonly count: number;
}

export interface QueryLoadAnswer {
  /** By server: as the caller sees it, and as the server tells. */
  readonly servers: readonly {
    readonly callerMs: readonly number[];
    readonly serverMs: readonly number[];
    readonly counts: readonly number[];
  }[];
}

interface CountAnswer {
  readonly count: number;
  readonly tookMs: number;
}

const { servers, ask, warmCount, count } = readConfig<QueryLoadConfig>();
const body = JSON.stringify(ask);
const lanes = servers.map(({ port, key }) => ({
  port,
  key,
  agent: new Agent({ keepAlive: true, maxSockets: 1 }),
  callerMs: [] as number[],
  serverMs: [] as number[],
  counts: new Set<number>(),
}));

function post({ port, key, agent }: (typeof lanes)[number]): Promise<CountAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const asked = request(
      { host: '127.0.0.1', port, path: '/v1/query', method: 'POST', agent, headers },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if (response.statusCode === 200) resolve(JSON.parse(text) as CountAnswer);
          else reject(new Error(`${response.statusCode}: ${text}`));
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

for (let round = -warmCount; round < count; round++) {
  for (const lane of lanes) {
    const startMs = performance.now();
    const told = await post(lane);
    const tookMs = performance.now() - startMs;
    if (round < 0) continue;
    lane.callerMs.push(tookMs);
    lane.serverMs.push(told.tookMs);
    lane.counts.add(told.count);
  }
}
const told: QueryLoadAnswer = {
  servers: lanes.map(({ callerMs, serverMs, counts }) => ({ callerMs, serverMs, counts: [...counts] })),
};
answer(told);
endProgram();
