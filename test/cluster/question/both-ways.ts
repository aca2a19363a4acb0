/**
 * One engine with several shards, asked both ways: whole, in its process; and gathered out of one part server a shard, where every message is
 * written and read as it is between processes. The answers must be the same text.
 */

import { type GatherOptions, gatherAnswer } from '../../../src/cluster/question/gather.ts';
import type { QuestionPort } from '../../../src/cluster/question/question-port.ts';
import type { PartServer } from '../../../src/engine/answer/part-server.ts';
import { EmbeddedEngine } from '../../../src/engine/embedded-engine.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { expandSegments, type SegmentDefinitions } from '../../../src/engine/segment-expansion.ts';
import { ValueReader } from '../../../src/link/value-reader.ts';
import { ValueWriter } from '../../../src/link/value-writer.ts';
import { EngineError } from '../../../src/model/error.ts';
import type { Expression } from '../../../src/model/expression.ts';
import type { PlanNode, QueryPlan, QueryRequest } from '../../../src/model/query.ts';
import { type CheckedRequest, checkRequest } from '../../../src/query/parser/check-request.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';

/** A question that is asked so often is answered the same way each further time. */
const PLAN_ROUNDS = 6;
/** As the link bounds it. */
const MESSAGE_SIZE_BYTES_MAX = 64 * 2 ** 20;
const writer = new ValueWriter(MESSAGE_SIZE_BYTES_MAX);
const reader = new ValueReader();

/** Bytes that crossed, for who wants to know. */
export const traffic = { messageCount: 0, sizeBytes: 0, largestBytes: 0, loadCount: 0 };

/** The value as another process gets it. */
export function crossed<Value>(value: Value): Value {
  writer.begin();
  writer.value(value);
  const message = writer.end();
  traffic.messageCount += 1;
  traffic.sizeBytes += message.length;
  traffic.largestBytes = Math.max(traffic.largestBytes, message.length);
  reader.open(message);
  const read = reader.value() as Value;
  reader.close();
  return read;
}

/** As errors cross: code, message and details. */
function crossedError(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code, message, details } = crossed({ code: error.code, message: error.message, details: error.details });
  return new EngineError(code, message, { details });
}

export function portOf(server: PartServer): QuestionPort {
  const call = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return crossed(await answer);
    } catch (error) {
      throw crossedError(error);
    }
  };
  return {
    open: (request, signal) => call(server.open(crossed(request), signal)),
    further: (handle, ask, signal) => {
      if ('load' in ask) traffic.loadCount += 1;
      return call(server.further(crossed(handle), crossed(ask), signal));
    },
    close: (handle) => server.close(crossed(handle)),
  };
}

export function serversOf(engine: Engine): readonly PartServer[] {
  if (!(engine instanceof EmbeddedEngine)) throw new TypeError('an engine of this process');
  return engine.partServers;
}

const NO_SEGMENTS: SegmentDefinitions = { definition: () => undefined, keys: () => [] };

export function segmentsOf(definitions: ReadonlyMap<string, Expression>): SegmentDefinitions {
  return { definition: (key) => definitions.get(key), keys: () => definitions.keys() };
}

function expanded(request: QueryRequest, segments: SegmentDefinitions): CheckedRequest {
  const checked = checkRequest(request);
  const { where, overlap } = checked;
  return {
    ...checked,
    ...(where === undefined ? {} : { where: expandSegments(where, segments) }),
    ...(overlap === undefined
      ? {}
      : {
          overlap: {
            segments: overlap.segments.map(({ name, where: of }) => ({ name, where: expandSegments(of, segments) })),
          },
        }),
  };
}

export class BothWays {
  readonly engine: Engine;
  readonly servers: readonly PartServer[];
  readonly ports: readonly QuestionPort[];
  readonly #clock: Clock;
  readonly #segments: SegmentDefinitions;
  /** Answers, and refusals, that were the same. */
  answerCount = 0;
  refusalCount = 0;

  /** `nowMs`: the engine's. */
  constructor(engine: Engine, nowMs: () => number, segments: SegmentDefinitions = NO_SEGMENTS) {
    this.engine = engine;
    this.servers = serversOf(engine);
    this.ports = this.servers.map(portOf);
    this.#clock = { ...systemClock, nowMs };
    this.#segments = segments;
  }

  gather(
    request: QueryRequest,
    ports: readonly QuestionPort[] = this.ports,
    options: Partial<GatherOptions> = {},
  ): ReturnType<typeof gatherAnswer> {
    const checked = expanded(request, this.#segments);
    return gatherAnswer(checked, ports, { nowMs: this.#clock.nowMs(), clock: this.#clock, ...options });
  }

  /**
   * A difference between both ways; undefined when there is none, also in how it is refused. How a plan is carried out may change with what was
   * asked before (indexes are made from the second question on, runs when they pay), so plans may come to agree when both are asked again.
   */
  async difference(request: QueryRequest): Promise<string | undefined> {
    let found: string | undefined;
    for (let round = 0; round < (request.explain === true ? PLAN_ROUNDS : 1); round++) {
      const [whole, gathered] = [await this.#whole(request), await this.#gathered(request)];
      const open = this.servers.reduce((sum, { openCount }) => sum + openCount, 0);
      if (open > 0) return `${open} handles are still open after ${JSON.stringify(request)}`;
      if (whole.answer.startsWith('refused')) this.refusalCount += 1;
      else this.answerCount += 1;
      const told = `gathered ${JSON.stringify(gathered)}, embedded ${JSON.stringify(whole)}`;
      if (whole.answer !== gathered.answer) return `${told} for ${JSON.stringify(request)}`;
      if (whole.plan === gathered.plan) return undefined;
      found = `${told} for ${JSON.stringify(request)}`;
    }
    return found;
  }

  /** All pages of it: of ids, profiles, or members. */
  async pagedDifference(request: QueryRequest, limit: number): Promise<string | undefined> {
    let cursor: string | undefined;
    do {
      const page: QueryRequest =
        request.rfm === undefined
          ? { ...request, limit, cursor }
          : { ...request, rfm: { ...request.rfm, members: { ...request.rfm.members, limit, cursor } } };
      const found = await this.difference(page);
      if (found !== undefined) return found;
      const { body } = await this.gather(page).catch(() => ({ body: {} }));
      cursor = 'cursor' in body ? body.cursor : undefined;
    } while (cursor !== undefined);
    return undefined;
  }

  #whole(request: QueryRequest): Promise<Told> {
    return told(async () => {
      const { tookMs: _, warnings: _warnings, watermark, plan, ...body } = await this.engine.query(request);
      return { answer: [body, watermark], plan };
    });
  }

  #gathered(request: QueryRequest): Promise<Told> {
    return told(async () => {
      const { body, watermark, plan } = await this.gather(request);
      return { answer: [body, watermark], plan };
    });
  }
}

/** As texts; plans without times. */
interface Told {
  readonly answer: string;
  readonly plan: string;
}

async function told(ask: () => Promise<{ answer: unknown; plan: QueryPlan | undefined }>): Promise<Told> {
  try {
    const { answer, plan } = await ask();
    const shown = plan === undefined ? 'none' : JSON.stringify([plan.passes, timeless(plan.root)]);
    return { answer: JSON.stringify(answer), plan: shown };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { code, message, details = null } = error;
    return { answer: `refused: ${code} ${message} ${JSON.stringify(details)}`, plan: 'none' };
  }
}

function timeless({ tookMs: _, children, ...node }: PlanNode): object {
  return { ...node, children: children.map(timeless) };
}
