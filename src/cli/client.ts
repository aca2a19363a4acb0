/**
 * The HTTP client of the commands: JSON in and out, errors as the `EngineError` that the server meant, and a back-off
 * that keeps to `Retry-After`. Only what another attempt can mend is tried again.
 */
import { EngineError, ERROR_STATUS, type ErrorCode } from '../model/error.ts';
import { readKeyFile } from './keys.ts';
import type { Terminal } from './terminal.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly data?: string | undefined;
}

const ATTEMPT_COUNT = 12;
const BACKOFF_MS_MIN = 250;
const BACKOFF_MS_MAX = 30_000;
const UNTRUSTED_CODE = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|^CERT_|^ERR_TLS_CERT/;
const RETRYABLE_STATUS = new Set([408, 429, 500, 502, 503, 504]);

export class Client {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #terminal: Terminal;

  /** `role` says which key of the environment or the key file fits the command. */
  constructor(options: ConnectionOptions, role: 'write' | 'read', terminal: Terminal) {
    this.url = (options.url ?? terminal.environment['KITH_URL'] ?? DEFAULT_URL).replace(/\/+$/, '');
    if (!/^https?:\/\//i.test(this.url) || !URL.canParse(this.url)) {
      const message = `${JSON.stringify(this.url)} is not the URL of a server, such as ${DEFAULT_URL}`;
      throw new EngineError('invalid_request', message);
    }
    this.#terminal = terminal;
    this.#key = findKey(options, role, terminal.environment);
  }

  /** One attempt: a person waits, and the message says what is wrong. */
  async send(path: string, init: { body?: unknown; method?: string } = {}): Promise<Response> {
    const hasBody = init.body !== undefined;
    const response = await this.#fetch(path, {
      method: init.method ?? (hasBody ? 'POST' : 'GET'),
      ...(hasBody ? { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } } : {}),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  async sendJson<Answer>(path: string, init: { body?: unknown; method?: string } = {}): Promise<Answer> {
    return (await (await this.send(path, init)).json()) as Answer;
  }

  /** Posts bytes and tries again on pressure, server faults and lost connections. The content must be safe to repeat. */
  async post(path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>>): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      let failure: EngineError;
      try {
        const response = await this.#fetch(path, { method: 'POST', body, headers });
        if (response.ok) return await response.json();
        failure = await errorOf(response);
        if (!RETRYABLE_STATUS.has(response.status)) throw failure;
      } catch (error) {
        if (!(error instanceof EngineError) || !isRetryable(error)) throw error;
        failure = error;
      }
      if (attempt >= ATTEMPT_COUNT) throw failure;
      const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (attempt - 1));
      await this.#terminal.sleep(Math.max(failure.retryAfterMs ?? 0, backoffMs));
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== undefined) headers.set('authorization', `Bearer ${this.#key}`);
    try {
      return await fetch(this.url + path, { ...init, headers });
    } catch (error) {
      const reason =
        (error as { cause?: { code?: string } }).cause?.code ??
        (error instanceof Error ? error.message : String(error));
      const isUntrusted = UNTRUSTED_CODE.test(reason);
      // Another attempt mends no certificate.
      const code = isUntrusted ? 'invalid_request' : 'overloaded';
      throw new EngineError(code, `cannot reach ${this.url} (${reason})${hintFor(reason)}`, { cause: error });
    }
  }
}

function hintFor(reason: string): string {
  if (reason === 'ECONNREFUSED') return '; is it running? Start it with: kith serve';
  if (!UNTRUSTED_CODE.test(reason)) return '';
  return '; NODE_EXTRA_CA_CERTS=cert.pem in the environment makes a certificate of your own trusted';
}

function isRetryable(error: EngineError): boolean {
  return RETRYABLE_STATUS.has(error.status);
}

/** The server's error, or the nearest code for an answer that is not ours (a proxy's). */
async function errorOf(response: Response): Promise<EngineError> {
  const text = await response.text();
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
  try {
    const { error } = JSON.parse(text) as {
      error: { code: ErrorCode; message: string; details?: Readonly<Record<string, unknown>> };
    };
    if (typeof error.message === 'string' && Object.hasOwn(ERROR_STATUS, error.code)) {
      const { details } = error;
      const start = details?.['position'];
      const end = details?.['end'];
      const span = typeof start === 'number' ? { start, end: typeof end === 'number' ? end : start + 1 } : undefined;
      return new EngineError(error.code, error.message, { details, span, retryAfterMs });
    }
  } catch {
    // Not our JSON: told by status below.
  }
  const code = statusCode(response.status);
  return new EngineError(code, `HTTP ${response.status}: ${text.slice(0, 200)}`, { retryAfterMs });
}

function statusCode(status: number): ErrorCode {
  if (status === 429) return 'too_many_requests';
  if (status === 413) return 'payload_too_large';
  if (status === 401) return 'unauthorized';
  if (status === 404) return 'not_found';
  if (status >= 500) return status === 501 || status === 505 ? 'invalid_request' : 'overloaded';
  return 'invalid_request';
}

function retryAfterOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}(\.\d+)?$/.test(header) ? Number(header) * 1_000 : undefined;
}

function findKey(
  options: ConnectionOptions,
  role: 'write' | 'read',
  environment: Terminal['environment'],
): string | undefined {
  const named =
    role === 'write'
      ? environment['KITH_WRITE_KEY'] || environment['KITH_ADMIN_KEY']
      : environment['KITH_ADMIN_KEY'] || environment['KITH_READ_KEY'];
  const chosen = options.key || named;
  if (chosen) return chosen;
  const kept = readKeyFile(options.data ?? environment['KITH_DATA'] ?? './data');
  return role === 'write' ? kept?.writeKey : kept?.adminKey;
}
