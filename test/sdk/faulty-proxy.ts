/**
 * A proxy that fails: between a client and the server it refuses, drops or swallows requests, by a plan per batch, so that the
 * client sends again what the server may already have.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export type Fault =
  /** 503 with Retry-After; the server sees nothing. */
  | 'unavailable'
  /** 429 with Retry-After; the server sees nothing. */
  | 'limited'
  /** The connection breaks before the server sees anything. */
  | 'dropped'
  /** The server stores the batch; the connection breaks instead of the answer. */
  | 'swallowed'
  /** The server stores the batch; the answer breaks off in the middle. */
  | 'cut'
  /** The server stores the batch; the client hears 502. */
  | 'denied';

export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly messageIds: readonly string[];
  readonly fault: Fault | undefined;
}

export interface FaultyProxy {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** The n-th batch (known by its first messageId) suffers `plan[n % plan.length]`, one fault a try, then passes. */
export async function startFaultyProxy(target: string, plan: readonly (readonly Fault[])[]): Promise<FaultyProxy> {
  const requests: SeenRequest[] = [];
  const left = new Map<string, Fault[]>();
  const server = createServer((request, response) => {
    readAll(request)
      .then(async (body) => {
        const messageIds = messageIdsOf(request, body);
        const key = messageIds[0] ?? '';
        let faults = left.get(key);
        if (faults === undefined) {
          faults = [...(plan[left.size % plan.length] ?? [])];
          left.set(key, faults);
        }
        const fault = faults.shift();
        requests.push({ path: request.url ?? '', headers: request.headers, messageIds, fault });
        await answer(target, request, response, body, fault);
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, close: () => closeServer(server) };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function messageIdsOf(request: IncomingMessage, body: Buffer): string[] {
  const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const { batch } = JSON.parse(text.toString()) as { batch: readonly { readonly messageId: string }[] };
  return batch.map(({ messageId }) => messageId);
}

async function answer(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  fault: Fault | undefined,
): Promise<void> {
  if (fault === 'dropped') {
    request.socket.destroy();
    return;
  }
  if (fault === 'unavailable' || fault === 'limited') {
    response.writeHead(fault === 'limited' ? 429 : 503, { 'retry-after': '1' }).end('{}');
    return;
  }
  const headers: Record<string, string> = {};
  for (const name of ['authorization', 'content-type', 'content-encoding', 'user-agent']) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const answered = await fetch(target + (request.url ?? ''), { method: 'POST', headers, body });
  const text = await answered.text();
  if (fault === 'swallowed') request.socket.destroy();
  else if (fault === 'denied') response.writeHead(502).end();
  else if (fault === 'cut') {
    response.writeHead(answered.status, { 'content-length': text.length });
    response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
  } else {
    const retryAfter = answered.headers.get('retry-after');
    const answerHeaders = retryAfter === null ? {} : { 'retry-after': retryAfter };
    response.writeHead(answered.status, { 'content-type': 'application/json', ...answerHeaders }).end(text);
  }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
