/** The door of `ws`: dials `/v1/stream` and hands on what is heard. Its types stay inside, so that users need not have them. */
import WebSocket from 'ws';
import { reasonOf } from './http-json.ts';
import type { ClientSocket, SocketEvents } from './world.ts';

/** Answers to questions can be long; past this the connection is given up. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;

export function dialWebSocket(url: string, key: string | undefined, events: SocketEvents): ClientSocket {
  const socket = new WebSocket(url, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: MAX_FRAME_BYTES,
    followRedirects: false,
  });
  socket.binaryType = 'nodebuffer';
  let reason = '';
  let isRefused = false;
  socket.on('open', () => events.opened());
  socket.on('message', (data) => {
    if (data instanceof Uint8Array) events.heard(data);
  });
  socket.on('ping', () => events.alive());
  socket.on('error', (error) => {
    reason = reasonOf(error);
  });
  socket.on('close', (code, text) => {
    if (!isRefused) events.closed(code, text.length > 0 ? text.toString('utf8') : reason);
  });
  socket.on('unexpected-response', (request, response) => {
    isRefused = true;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let isTold = false;
    const tell = (): void => {
      if (isTold) return;
      isTold = true;
      events.closed(response.statusCode ?? 0, '', jsonOf(Buffer.concat(chunks)));
      request.destroy();
    };
    response.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= MAX_REFUSAL_BYTES) chunks.push(chunk);
      else tell();
    });
    response.on('end', tell);
    response.on('error', tell);
    response.on('close', tell);
  });
  return {
    send(bytes) {
      socket.send(bytes);
    },
    close(isPolite) {
      if (isPolite) socket.close(1000);
      else socket.terminate();
    },
  };
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
