/** A small HTTP server that answers like ours where the commands look, remembers what it was sent, and fails on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export type Item = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class FakeServer {
  /** Every item of every accepted batch, in order of arrival. */
  readonly items: Item[] = [];
  readonly requests: { readonly method: string; readonly path: string; readonly key: string | undefined }[] = [];
  /** Asked before a request is answered; a reply stands in for the usual one. */
  intercept: (path: string, body: unknown) => Reply | undefined = () => undefined;
  readonly #seen = new Set<unknown>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<FakeServer> {
    const server = new FakeServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const path = request.url ?? '';
    this.requests.push({ method: request.method ?? '', path, key: request.headers.authorization });
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const reply = this.intercept(path, body) ?? this.#store(path, body);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  }

  #store(path: string, body: unknown): Reply {
    if (path !== '/v1/import') return { status: 404, body: { error: { code: 'not_found', message: 'no such path' } } };
    const { batch } = body as { batch: Item[] };
    let duplicates = 0;
    for (const item of batch) {
      if (this.#seen.has(item['messageId'])) duplicates++;
      else {
        this.#seen.add(item['messageId']);
        this.items.push(item);
      }
    }
    return { status: 200, body: { success: true, accepted: batch.length, duplicates, rejected: [] } };
  }
}
