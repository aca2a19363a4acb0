/** `kith cluster status`: who is there and who has which slots. */
import type { ClusterView } from '../model/cluster.ts';
import type { Client } from './client.ts';
import { routerTable, shardTable } from './cluster-text.ts';
import { formatCount } from './progress.ts';
import { type Terminal, write } from './terminal.ts';

export async function runClusterStatus(
  options: { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const view = await client.sendJson<ClusterView>('/v1/cluster');
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(view)}\n`);
    return;
  }
  await write(terminal.stdout, statusText(view));
}

function statusText(view: ClusterView): string {
  const { mode, epoch, slots, shards, routers, move, quarantined = 0 } = view;
  const parts = [shardTable(shards)];
  if (routers.length > 0) parts.push(routerTable(routers));
  if (move !== undefined) {
    const done = `${formatCount(move.done)} of ${formatCount(move.total)}`;
    parts.push(`slots on their way from shard ${move.from} to ${move.to}: ${move.stage}, ${done}\n`);
  }
  if (quarantined > 0) {
    parts.push(`${formatCount(quarantined)} quarantined: shards died of it (kith cluster quarantine)\n`);
  }
  const kind = mode === 'cluster' ? 'cluster' : 'one process';
  return `${parts.join('')}${kind}, epoch ${epoch}, ${formatCount(slots)} slots\n`;
}
