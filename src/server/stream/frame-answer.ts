/**
 * What goes back over a stream. An answer has the encoding of the frame that asked. An ingest frame is always answered
 * by a frame with `ack`, any other by one with `ref`, each holding either the result or `error`.
 */
import { Packr } from 'msgpackr';
import { type EngineError, errorBody } from '../../model/error.ts';
import type { IngestResult } from '../../model/ingest.ts';
import { epochPart, epochText } from '../cluster-epoch.ts';
import { markedRejections } from '../ingest-answer.ts';

export type Payload = string | Uint8Array;

const packr = new Packr({ useRecords: false });

export function encode(value: unknown, isBinary: boolean): Payload {
  return isBinary ? packr.pack(value) : JSON.stringify(value);
}

/** `epoch`: of a cluster's map. */
export function encodeAck(ref: unknown, result: IngestResult, isBinary: boolean, epoch: number | undefined): Payload {
  const { accepted, duplicates, seq } = result;
  const rejected = markedRejections(result.rejected);
  if (isBinary) return packr.pack({ ack: ref ?? null, accepted, duplicates, rejected, seq, ...epochPart(epoch) });
  const rejectedText = rejected.length === 0 ? '[]' : JSON.stringify(rejected);
  return `{"ack":${refText(ref)},"accepted":${accepted},"duplicates":${duplicates},"rejected":${rejectedText},"seq":[${seq.join(',')}]${epochText(epoch)}}`;
}

/** `name` is `ack` for ingest frames, else `ref`. */
export function encodeError(name: 'ack' | 'ref', ref: unknown, error: EngineError, isBinary: boolean): Payload {
  const { code, message, details } = errorBody(error).error;
  const body = {
    code,
    message,
    ...(details === undefined ? {} : { details }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  };
  return encode({ [name]: ref ?? null, error: body }, isBinary);
}

export function refText(ref: unknown): string {
  return typeof ref === 'number' ? String(ref) : (JSON.stringify(ref) ?? 'null');
}
