/**
 * Reads a request body under its limits: never keeps more than the limit, and takes its room from the budget of all
 * bodies. A body that is refused is still read to its end, up to a bound, because a client that is cut off while it
 * sends loses the answer that would have told it why.
 */
import { EngineError } from '../../model/error.ts';
import type { Exchange } from './exchange.ts';

/** How much of a refused body is read and thrown away before the connection is closed instead. */
const DISCARD_LIMIT_BYTES = 16 * 1024 * 1024;

export interface BodyOptions {
  readonly limitBytes: number;
  /** Refused before it was read: nothing is kept, and this is thrown at the end of the body. */
  readonly refusal?: EngineError | undefined;
}

export interface Body {
  readonly bytes: Buffer;
  /** Gives the room back; call once, when the bytes are no longer needed. */
  release(): void;
}

/**
 * Must be called before the handler's first await. Rejects with payload_too_large, overloaded, or the given refusal.
 */
export function readBody(exchange: Exchange, options: BodyOptions): Promise<Body> {
  const budget = exchange.door.bodies;
  let refusal = options.refusal;
  let chunks: Buffer[] = [];
  let receivedBytes = 0;
  let keptBytes = 0;

  const dropChunks = (): void => {
    chunks = [];
    budget.release(keptBytes);
    keptBytes = 0;
  };
  return new Promise((resolve, reject) => {
    exchange.onLeave(() => {
      dropChunks();
      reject(new EngineError('malformed_request', 'the client left before its request was complete'));
    });
    exchange.response.onData((chunk, isLast) => {
      if (!exchange.isOpen) return;
      receivedBytes += chunk.byteLength;
      if (refusal === undefined) {
        if (receivedBytes > options.limitBytes) refusal = tooLarge(options.limitBytes);
        else if (!budget.reserve(chunk.byteLength))
          refusal = new EngineError('overloaded', 'too many request bodies at once; try again soon', {
            retryAfterMs: 1_000,
          });
        else {
          keptBytes += chunk.byteLength;
          chunks.push(Buffer.from(new Uint8Array(chunk)));
        }
        if (refusal !== undefined) dropChunks();
      }
      if (refusal !== undefined && !isLast && receivedBytes > DISCARD_LIMIT_BYTES) {
        exchange.closeConnectionAfter();
        reject(refusal);
        // What still arrives is ignored: the exchange is no longer open once the refusal is sent.
        return;
      }
      if (!isLast) return;
      exchange.onLeave(undefined);
      if (refusal !== undefined) reject(refusal);
      else resolve({ bytes: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks), release: dropChunks });
    });
  });
}

export function tooLarge(limitBytes: number): EngineError {
  return new EngineError('payload_too_large', `the body is larger than ${limitBytes} bytes; send fewer items at once`, {
    details: { limitBytes },
  });
}
