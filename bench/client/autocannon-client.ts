/** Program: one turn of autocannon, for readers who know its figures. It is JavaScript and tires before the server does. */
import autocannon from 'autocannon';
import { userIdText } from '../../src/generator/text.ts';
import { readDraws } from '../data/draws.ts';
import type { ClientTurn } from '../load-turn.ts';
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import type { HttpLoadOptions } from './wrk.ts';

const { port, key, drawsPath, drawIndex, connectionCount, turnMs } = readConfig<HttpLoadOptions>();
const draws = readDraws(drawsPath);
let position = drawIndex % draws.length;

const result = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections: connectionCount,
  duration: Math.max(1, Math.round(turnMs / 1_000)),
  headers: { authorization: `Bearer ${key}` },
  requests: [
    {
      setupRequest: (request) => {
        position = (position + 1) % draws.length;
        return { ...request, path: `/v1/profiles/${userIdText(draws[position])}` };
      },
    },
  ],
});
const { user, system } = process.cpuUsage();
const count = result.requests.total;
const faultCount = result.non2xx + result.errors + result.timeouts;
const turn: ClientTurn = {
  perSecond: count / result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  clientCpu: (user + system) / 1e6 / count,
  totalCount: count,
  answerBytes: result.throughput.total / count,
  faults: faultCount === 0 ? [] : [`${faultCount} requests failed`],
};
answer(turn);
endProgram();
