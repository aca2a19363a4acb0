/**
 * Ingest over a stream: rights, credit and pressure first, then the engine; the ack follows when the level is
 * reached.
 */
import { EngineError } from '../../model/error.ts';
import type { IngestResult } from '../../model/ingest.ts';
import { errorFields } from '../../runtime/logger.ts';
import { INGEST } from '../auth/key-ring.ts';
import { requireRights } from '../http/access.ts';
import {
  BATCH_KINDS,
  batchOptions,
  type IngestKind,
  parseAck,
  parseBatch,
  SINGLE_KINDS,
} from '../http/ingest-route.ts';
import { shuttingDown } from '../http/lookup-route.ts';
import { batchRefusal } from '../ingest-answer.ts';
import { encodeAck, encodeError } from './frame-answer.ts';
import { frameHead } from './frame-scan.ts';
import type { Session } from './session.ts';

const INGEST_OPS: ReadonlySet<string> = new Set([...SINGLE_KINDS, ...BATCH_KINDS]);

export function isIngestOp(op: unknown): op is IngestKind {
  return typeof op === 'string' && INGEST_OPS.has(op);
}

/** Applied at once when lookups allow it, else in a later turn; the bytes may be reused when this returns. */
export function ingestBinary(session: Session, frame: Buffer): void {
  try {
    admit(session);
  } catch (error) {
    refuse(session, frameHead(frame).ref, error, true);
    return;
  }
  const { ingestTurns, lifecycle } = session.door;
  if (ingestTurns.takes(frame.length)) {
    applyBinary(session, frame);
    return;
  }
  lifecycle.begin();
  ingestTurns.laterCopied(frame, (copy) => {
    applyBinary(session, copy);
    lifecycle.end();
  });
}

/** The engine reads the bytes before this returns. Never throws. */
function applyBinary(session: Session, frame: Buffer): void {
  try {
    const outcome = session.door.engine.ingestFrame(frame, { ack: session.ack });
    if (outcome.kind !== 'ingest')
      throw new EngineError('malformed_msgpack', 'an ingest frame needs "batch", a list of items');
    acknowledge(session, outcome.ref, outcome.result, true);
  } catch (error) {
    session.credit.giveBack();
    refuse(session, frameHead(frame).ref, error, true);
  }
}

/** `sizeBytes` undefined = its turn has come. */
export function ingestText(
  session: Session,
  op: IngestKind,
  message: Readonly<Record<string, unknown>>,
  sizeBytes: number | undefined,
): void {
  try {
    admit(session);
  } catch (error) {
    refuse(session, message['ref'], error, false);
    return;
  }
  const { ingestTurns, lifecycle } = session.door;
  if (sizeBytes === undefined || ingestTurns.takes(sizeBytes)) {
    applyText(session, op, message);
    return;
  }
  lifecycle.begin();
  ingestTurns.later(sizeBytes, () => {
    applyText(session, op, message);
    lifecycle.end();
  });
}

/** Never throws. */
function applyText(session: Session, op: IngestKind, message: Readonly<Record<string, unknown>>): void {
  const ref = message['ref'];
  try {
    const batch = parseBatch(message['batch'], session.door.settings.limits.batchCount);
    const options = batchOptions(message, op, parseAck(message['ack'], '"ack"') ?? session.ack);
    acknowledge(session, ref, session.door.engine.ingest(batch, options), false);
  } catch (error) {
    session.credit.giveBack();
    refuse(session, ref, error, false);
  }
}

/** Takes one credit, or throws. */
function admit(session: Session): void {
  const { lifecycle, engine } = session.door;
  if (lifecycle.isClosing) throw shuttingDown();
  requireRights(session.rights, INGEST);
  const pressure = engine.ingestPressure();
  if (pressure !== undefined) throw pressure;
  const admission = session.credit.take();
  if (admission === 'admitted') return;
  const { frames } = session.credit;
  const error = new EngineError(
    'too_many_requests',
    `more than ${frames * 2} frames are unacknowledged; keep to the credit of ${frames}`,
    {
      retryAfterMs: 100,
    },
  );
  if (admission === 'exhausted') session.endSoon('too_many_requests');
  throw error;
}

function acknowledge(session: Session, ref: unknown, result: Promise<IngestResult>, isBinary: boolean): void {
  const { engine, lifecycle } = session.door;
  lifecycle.begin();
  result
    .then(
      (done) => {
        session.credit.giveBack();
        const refusal = batchRefusal(done);
        if (refusal === undefined) session.sendSoon(encodeAck(ref, done, isBinary, engine.epoch));
        else refuse(session, ref, refusal, isBinary);
      },
      (error: unknown) => {
        session.credit.giveBack();
        refuse(session, ref, error, isBinary);
      },
    )
    .finally(() => lifecycle.end());
}

function refuse(session: Session, ref: unknown, error: unknown, isBinary: boolean): void {
  session.sendSoon(encodeError('ack', ref, knownError(session, error), isBinary));
}

/** Counts what is refused; logs what is our mistake, and shows the caller only that there was one. */
export function knownError(session: Session, error: unknown): EngineError {
  const known =
    error instanceof EngineError
      ? error
      : new EngineError('internal', 'something went wrong in the server; it has been logged');
  if (known !== error) session.door.settings.logger.error('frame failed', errorFields(error));
  session.door.metrics.countRefused(known.code);
  return known;
}
