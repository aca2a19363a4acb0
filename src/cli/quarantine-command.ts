/** `kith cluster quarantine`: what shards died of, and letting it go. */
import type { QuarantineEntry } from '../model/quarantine.ts';
import type { Client } from './client.ts';
import { formatTable } from './table.ts';
import { type Terminal, write } from './terminal.ts';

const PATH = '/v1/cluster/quarantine';

export interface QuarantineOptions {
  readonly json?: boolean | undefined;
  readonly release?: string | undefined;
}

export async function runQuarantine(options: QuarantineOptions, client: Client, terminal: Terminal): Promise<void> {
  const { json, release } = options;
  if (release !== undefined) {
    const answer = await client.sendJson<object>(`${PATH}/${encodeURIComponent(release)}`, { method: 'DELETE' });
    await write(terminal.stdout, json ? `${JSON.stringify(answer)}\n` : `let go: ${release}\n`);
    return;
  }
  const { quarantined } = await client.sendJson<{ readonly quarantined: readonly QuarantineEntry[] }>(PATH);
  const text = json ? quarantined.map((entry) => `${JSON.stringify(entry)}\n`).join('') : textOf(quarantined);
  await write(terminal.stdout, text);
}

function textOf(entries: readonly QuarantineEntry[]): string {
  if (entries.length === 0) return 'nothing is quarantined\n';
  return formatTable(
    ['hash', 'at', 'shard', 'what', 'event', 'message id', 'bytes', 'until'],
    entries.map(({ hash, at, shard, kind, what, event, messageId, sizeBytes, until }) => [
      hash,
      at,
      shard,
      kind === 'call' ? `call ${what}` : what,
      event,
      messageId,
      sizeBytes,
      until,
    ]),
  );
}
