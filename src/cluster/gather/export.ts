/** All profiles, in the order of the shards and of their rows, with one page in hand. */
import type { ExportPage } from '../../engine/export-page.ts';

/** `ask`: `exportPage` of one shard. */
export async function* gatherExport(
  shardCount: number,
  ask: (shard: number, fromRow: number) => Promise<ExportPage>,
): AsyncGenerator<Uint8Array, void, void> {
  for (let shard = 0; shard < shardCount; shard++) {
    for (let fromRow: number | null = 0; fromRow !== null; ) {
      const page = await ask(shard, fromRow);
      yield* page.profiles;
      fromRow = page.nextRow;
    }
  }
}
