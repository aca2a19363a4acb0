/** One GET over HTTP, for the map of the cluster. The answer's size and time are bounded. */
import { errorOf, isRecord, KithError } from './kith-error.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

export async function fetchJson(url: string, key: string | undefined, timeoutMs: number): Promise<unknown> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  let status: number;
  let text: string;
  try {
    // A redirect could carry the key to somebody else.
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    status = response.status;
    text = await readText(response);
  } catch (cause) {
    throw new KithError('unreachable', `cannot read ${url}: ${reasonOf(cause)}`, { cause });
  }
  const body = parse(text);
  if (status === 200 && body !== undefined) return body;
  if (isRecord(body) && 'error' in body) throw errorOf(body['error']);
  throw new KithError(status === 404 ? 'not_found' : 'unreachable', `${url} answered HTTP ${status}`);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Error(`the answer is over ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
