/** Queries over HTTP. When the client leaves, its query is cancelled: nobody waits for the answer. */

import { type CancelSignal, CancelSource } from '../../base/cancel-source.ts';
import { EngineError } from '../../model/error.ts';
import type { QueryRequest } from '../../model/query.ts';
import { parseAnalysisRequest, parseCompletionRequest, parseQueryRequest } from '../query-request.ts';
import { showingMistakes } from '../text-mistake.ts';
import { readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { parseJsonBytes } from './json-text.ts';

/** Lists of 10,000 values fit. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

export async function queryRoute(exchange: Exchange): Promise<void> {
  await answer(exchange, parseQueryRequest(await readJson(exchange)));
}

/** The flat form of one kind of question: `/v1/query/funnel` takes the funnel's own fields beside `where`, `at` and so on. */
export function analysisRoute(kind: 'funnel' | 'retention'): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const json = await readJson(exchange);
    try {
      await answer(exchange, parseAnalysisRequest(kind, json));
    } catch (error) {
      throw error instanceof EngineError ? flattened(error, kind) : error;
    }
  };
}

/** Places mistakes in the body as it was sent: the analysis has no name there. */
function flattened(error: EngineError, kind: 'funnel' | 'retention'): EngineError {
  const { code, message, details, span, retryAfterMs } = error;
  const path = details?.['path'];
  if (typeof path !== 'string' || !path.startsWith(`/${kind}/`)) return error;
  const flat = { ...details, path: path.slice(kind.length + 1) };
  return new EngineError(code, message, { details: flat, span, retryAfterMs, cause: error });
}

export async function completeRoute(exchange: Exchange): Promise<void> {
  const request = parseCompletionRequest(await readJson(exchange));
  exchange.json(await exchange.door.engine.complete(request));
}

function answer(exchange: Exchange, request: QueryRequest): Promise<void> {
  const signal = signalOf(exchange);
  const { engine } = exchange.door;
  return showingMistakes(request.where, async () => {
    if (request.as === 'ids') await answerIds(exchange, engine.queryJson(request, signal));
    else exchange.json(await engine.query(request, signal));
  });
}

/** Ids as fast as the client reads them; a list that is one piece goes out whole. */
async function answerIds(exchange: Exchange, answer: AsyncIterable<Uint8Array>): Promise<void> {
  let first: Uint8Array | undefined;
  let isStreaming = false;
  for await (const piece of answer) {
    if (!exchange.isOpen) return;
    if (first === undefined) {
      first = Buffer.from(piece);
      continue;
    }
    if (!isStreaming) {
      isStreaming = true;
      exchange.startStream('application/json');
      await exchange.write(first);
    }
    await exchange.write(piece);
  }
  if (isStreaming) exchange.endStream();
  else if (first !== undefined) exchange.send(200, 'application/json', first);
}

/** Aborts when the client leaves before its answer. */
export function signalOf(exchange: Exchange): CancelSignal {
  const cancel = new CancelSource();
  exchange.onLeave(() => cancel.abort());
  return cancel.signal;
}

/** Must be called before the handler's first await. */
export async function readJson(exchange: Exchange): Promise<unknown> {
  const body = await readBody(exchange, {
    limitBytes: Math.min(BODY_LIMIT_BYTES, exchange.door.settings.limits.bodySizeBytes),
  });
  try {
    return parseJsonBytes(body.bytes);
  } finally {
    body.release();
  }
}

/** The one value of a parameter of the URL's query; undefined when absent. Errors: invalid_request when it is there twice. */
export function parameterOf(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new EngineError('invalid_request', `"${name}" is there twice`);
  return values[0];
}
