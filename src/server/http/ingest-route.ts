/**
 * Segment's tracking API: one handler for its eight endpoints. SDKs retry 429 and 5xx and never 400, so everything that
 * may pass is 503 with `Retry-After`, and one bad item of a batch is an entry in the answer, not a failure.
 */
import { EngineError } from '../../model/error.ts';
import { type AckLevel, type IngestOptions, type IngestResult, isAckLevel } from '../../model/ingest.ts';
import { INGEST } from '../auth/key-ring.ts';
import { epochPart } from '../cluster-epoch.ts';
import type { Door } from '../door.ts';
import { batchRefusal, markedRejections } from '../ingest-answer.ts';
import type { HttpRequest } from '../transport/transport.ts';
import { requireRights, rightsOfRequest, unauthorized } from './access.ts';
import { readBody } from './body.ts';
import { checkEncoding, decodeContent, isPlain } from './content-encoding.ts';
import type { Exchange } from './exchange.ts';
import { isRecord, parseJsonBytes, withWideIntegers } from './json-text.ts';

/** Endpoints that take one item; the name is the item's type when it carries none. */
export const SINGLE_KINDS = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;
export const BATCH_KINDS = ['batch', 'import'] as const;
export type IngestKind = (typeof SINGLE_KINDS)[number] | (typeof BATCH_KINDS)[number];

/** A key in the body is known only after the body was parsed: a stranger may make us parse no more than this. */
const KEYLESS_BODY_BYTES = 512 * 1024;

interface IngestHead {
  readonly rights: number;
  readonly encoding: string;
  readonly ack: AckLevel | undefined;
}

export function isBatchKind(kind: IngestKind): boolean {
  return kind === 'batch' || kind === 'import';
}

export function ingestRoute(kind: IngestKind): (exchange: Exchange, request: HttpRequest) => Promise<void> {
  return (exchange, request) => {
    const head = readHead(exchange.door, request);
    return ingest(exchange, kind, head);
  };
}

/** `undefined` = the engine's default (durable). */
export function parseAck(value: unknown, where: string): AckLevel | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (isAckLevel(value)) return value;
  throw new EngineError('invalid_request', `${where} must be received, applied or durable`);
}

function readHead(door: Door, request: HttpRequest): IngestHead {
  const encoding = request.getHeader('content-encoding');
  checkEncoding(encoding);
  return {
    rights: rightsOfRequest(door, request),
    encoding,
    ack: parseAck(request.getHeader('x-kith-ack'), 'X-Kith-Ack') ?? parseAck(request.getQuery('ack'), 'ack'),
  };
}

async function ingest(exchange: Exchange, kind: IngestKind, head: IngestHead): Promise<void> {
  const { engine } = exchange.door;
  const refusal = (head.rights & INGEST) === 0 ? undefined : engine.ingestPressure();
  const body = await readJson(exchange, head, refusal);
  requireRights(head.rights | writeKeyRights(exchange.door, body), INGEST);
  if (!isRecord(body)) throw new EngineError('invalid_request', 'the body must be a JSON object');
  // Keys are not customer data: they must not be stored with it.
  Reflect.deleteProperty(body, 'writeKey');
  if (!isBatchKind(kind)) {
    answerSingle(exchange, await engine.ingest([body], { ack: head.ack, sentAt: body['sentAt'], type: kind }));
    return;
  }
  const batch = parseBatch(body['batch'], exchange.door.settings.limits.batchCount);
  answerBatch(exchange, await engine.ingest(batch, batchOptions(body, kind, head.ack)));
}

/** The list of a batch request, over HTTP or WebSocket. */
export function parseBatch(batch: unknown, batchCount: number): readonly unknown[] {
  if (!Array.isArray(batch)) throw new EngineError('invalid_request', '"batch" must be a list of items');
  if (batch.length <= batchCount) return batch;
  throw new EngineError(
    'payload_too_large',
    `a batch may hold at most ${batchCount} items, this one has ${batch.length}`,
    {
      details: { limitCount: batchCount },
    },
  );
}

export function batchOptions(
  body: Readonly<Record<string, unknown>>,
  kind: IngestKind,
  ack: AckLevel | undefined,
): IngestOptions {
  return {
    ack,
    sentAt: body['sentAt'],
    context: body['context'],
    ...(isBatchKind(kind) ? {} : { type: kind }),
    ...(kind === 'import' ? { isImport: true } : {}),
  };
}

async function readJson(exchange: Exchange, head: IngestHead, refusal: EngineError | undefined): Promise<unknown> {
  const { bodies, settings } = exchange.door;
  const isKnown = (head.rights & INGEST) !== 0;
  const limitBytes = isKnown
    ? settings.limits.bodySizeBytes
    : Math.min(settings.limits.bodySizeBytes, KEYLESS_BODY_BYTES);
  const body = await readBody(exchange, { limitBytes, refusal });
  await exchange.door.ingestTurns.turnFor(body.bytes.length);
  const decodedBytes = isPlain(head.encoding) ? 0 : limitBytes;
  try {
    if (!bodies.reserve(decodedBytes))
      throw new EngineError('overloaded', 'too many request bodies at once; try again soon', { retryAfterMs: 1_000 });
    try {
      const json = await decodeContent(body.bytes, head.encoding, limitBytes);
      return withWideIntegers(json, parseJsonBytes(json));
    } finally {
      bodies.release(decodedBytes);
    }
  } catch (error) {
    // A caller without a key learns nothing about the body.
    throw isKnown || (error instanceof EngineError && error.status !== 400) ? error : unauthorized();
  } finally {
    body.release();
  }
}

function writeKeyRights(door: Door, body: unknown): number {
  const writeKey = isRecord(body) ? body['writeKey'] : undefined;
  return typeof writeKey === 'string' && !door.keys.isOpen ? door.keys.rightsOfPair(writeKey) : 0;
}

function answerSingle(exchange: Exchange, result: IngestResult): void {
  const rejected = result.rejected[0];
  if (rejected === undefined) answerBatch(exchange, result);
  else {
    const details = rejected.messageId === undefined ? undefined : { messageId: rejected.messageId };
    exchange.fail(new EngineError(rejected.code, rejected.message, { details }));
  }
}

function answerBatch(exchange: Exchange, result: IngestResult): void {
  const refusal = batchRefusal(result);
  if (refusal !== undefined) throw refusal;
  const { accepted, duplicates } = result;
  const rejected = markedRejections(result.rejected);
  exchange.json({ success: true, accepted, duplicates, rejected, ...epochPart(exchange.door.engine.epoch) });
}
