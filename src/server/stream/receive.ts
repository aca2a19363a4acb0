/**
 * One frame in: decoded, checked against the connection's state, handed to its op. Nothing it throws leaves
 * `receive`.
 */
import { Unpackr } from 'msgpackr';
import { EngineError } from '../../model/error.ts';
import { unauthorized } from '../http/access.ts';
import { tooLarge } from '../http/body.ts';
import { isRecord, parseJsonBytes, withWideIntegers } from '../http/json-text.ts';
import { shuttingDown } from '../http/lookup-route.ts';
import type { BytePage } from '../lookup/byte-page.ts';
import { encode, encodeError } from './frame-answer.ts';
import { frameHead, frameOp, isWhole } from './frame-scan.ts';
import { ingestBinary, ingestText, isIngestOp, knownError } from './ingest-frame.ts';
import { lookupFrame, queryFrame } from './read-frame.ts';
import type { Session } from './session.ts';

type Message = Readonly<Record<string, unknown>>;

/** Before the key is known a stranger may make us decode no more than this. */
const STRANGER_FRAME_BYTES = 4 * 1024;
/** A text of this size is parsed when its turn has come: it brings events, most likely, and parsing is half of their cost. */
const LONG_TEXT_BYTES = 4 * 1024;
const unpackr = new Unpackr({ useRecords: false });

/** The bytes are the transport's and die when this returns. */
export function receive(session: Session, page: BytePage, bytes: ArrayBuffer, isBinary: boolean): void {
  if (!session.isListening) return;
  session.door.metrics.streamFramesIn += 1;
  const frame = Buffer.from(bytes);
  const { ingestTurns, lifecycle, settings } = session.door;
  const isLongText = !isBinary && frame.length >= LONG_TEXT_BYTES && frame.length <= settings.limits.bodySizeBytes;
  if (!isLongText || session.rights === 0) hear(session, page, frame, isBinary, false);
  else if (ingestTurns.takes(frame.length)) hear(session, page, frame, isBinary, true);
  else {
    lifecycle.begin();
    ingestTurns.laterCopied(frame, (copy) => {
      hear(session, page, copy, isBinary, true);
      lifecycle.end();
    });
  }
}

/** `isItsTurn`: the frame waited for its turn among what brings events, and need not again. */
function hear(session: Session, page: BytePage, frame: Buffer, isBinary: boolean, isItsTurn: boolean): void {
  let ref: unknown;
  try {
    const limitBytes = session.door.settings.limits.bodySizeBytes;
    if (frame.length > limitBytes) {
      ref = isBinary ? frameHead(frame).ref : undefined;
      throw tooLarge(limitBytes);
    }
    if (session.rights === 0) {
      authenticate(session, frame.length > STRANGER_FRAME_BYTES ? undefined : decode(frame, isBinary), isBinary);
    } else if (isBinary && isIngestOp(frameOp(frame))) ingestBinary(session, frame);
    else {
      const message = decode(frame, isBinary);
      ref = message['ref'];
      const op = message['op'];
      if (isIngestOp(op)) {
        const items = isBinary ? message : exactItems(frame, message);
        ingestText(session, op, items, isItsTurn ? undefined : frame.length);
      } else serve(session, page, message, isBinary);
    }
  } catch (error) {
    session.sendSoon(encodeError('ref', ref, knownError(session, error), isBinary));
    if (session.rights === 0) session.endSoon('unauthorized');
  }
}

function serve(session: Session, page: BytePage, message: Message, isBinary: boolean): void {
  if (session.door.lifecycle.isClosing) throw shuttingDown();
  switch (message['op']) {
    case 'get':
      lookupFrame(session, page, message, isBinary);
      return;
    case 'query':
      queryFrame(session, message, isBinary);
      return;
    case 'ping':
      session.send(encode({ op: 'pong', ref: message['ref'] ?? null }, isBinary));
      return;
    case 'auth':
      authenticate(session, message, isBinary);
      return;
    case 'subscribe':
      throw new EngineError('query_unsupported', 'subscriptions are not supported by this version');
    default:
      throw new EngineError(
        'invalid_request',
        'unknown op: use auth, track, identify, page, screen, group, alias, batch, import, get, query or ping',
      );
  }
}

/** `{"op":"auth","key"}` → `{"op":"auth","ok":true}` and the credit. A wrong key ends the connection. */
function authenticate(session: Session, message: Message | undefined, isBinary: boolean): void {
  const key = message?.['op'] === 'auth' ? message['key'] : undefined;
  const rights = typeof key === 'string' ? session.door.keys.rightsOf(key) : 0;
  if (rights !== 0) {
    const isNew = session.rights === 0;
    session.authenticated(rights);
    session.send(encode({ op: 'auth', ok: true }, isBinary));
    if (isNew) session.sendCredit(isBinary);
    return;
  }
  const { code, message: text } = knownError(session, unauthorized());
  session.send(encode({ op: 'auth', ok: false, error: { code, message: text } }, isBinary));
  session.endSoon('unauthorized');
}

function decode(frame: Buffer, isBinary: boolean): Message {
  const message = isBinary ? unpack(frame) : parseJsonBytes(frame);
  if (!isRecord(message)) throw new EngineError('malformed_request', 'a frame must be an object with "op"');
  return message;
}

/** `ref` and the rest stay as they are: they go back. */
function exactItems(frame: Buffer, message: Message): Message {
  const exact = withWideIntegers(frame, message);
  if (exact === message || !isRecord(exact)) return message;
  return { ...message, batch: exact['batch'], context: exact['context'] };
}

function unpack(frame: Buffer): unknown {
  try {
    if (!isWhole(frame)) throw new RangeError('cut off');
    return unpackr.unpack(frame) as unknown;
  } catch (cause) {
    throw new EngineError('malformed_msgpack', 'the frame is not whole, valid msgpack', { cause });
  }
}
