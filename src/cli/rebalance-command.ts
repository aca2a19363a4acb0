/** `kith cluster rebalance`: asks for another number of shards and watches until the slots are where they belong. */
import type { ClusterView } from '../model/cluster.ts';
import type { Client } from './client.ts';
import { shardTable } from './cluster-text.ts';
import { Progress } from './progress.ts';
import { EXIT, type Terminal, write } from './terminal.ts';

const POLL_INTERVAL_MS = 250;

export interface RebalanceOptions {
  readonly shards: number;
  readonly json?: boolean | undefined;
}

/** Errors: invalid_request, shard_unavailable, storage_failed. */
export async function runRebalance(
  { shards, json }: RebalanceOptions,
  client: Client,
  terminal: Terminal,
): Promise<number> {
  let view = await client.sendJson<ClusterView>('/v1/cluster/rebalance', { body: { shards } });
  let isStopped = false;
  const stopListening = terminal.onStop(() => {
    isStopped = true;
  });
  let progress: Progress | undefined;
  try {
    while (view.move !== undefined && !isStopped) {
      const { done, total } = view.move;
      if (json !== true && total > 0) {
        progress ??= new Progress(terminal, { unit: 'slots', total });
        progress.update(done, done);
      }
      await terminal.sleep(POLL_INTERVAL_MS);
      view = await client.sendJson<ClusterView>('/v1/cluster');
    }
  } finally {
    progress?.stop();
    stopListening();
  }
  if (view.move !== undefined) {
    terminal.stderr.write('the slots go on moving; kith cluster status shows how far they are\n');
    return EXIT.interrupted;
  }
  await write(terminal.stdout, json === true ? `${JSON.stringify(view)}\n` : shardTable(view.shards));
  return EXIT.ok;
}
