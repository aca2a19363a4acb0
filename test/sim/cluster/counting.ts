/**
 * Somebody who counts people all the time while everything goes wrong. Of confluent traffic, where everybody who buys has one user id and so one profile,
 * a count lies between those whose purchase was acknowledged before the question and those whose purchase was sent before the answer; what an
 * answer leaves out it names, and only when it may.
 */
import { EngineError } from '../../../src/model/error.ts';
import type { Client, ClientParts } from './client.ts';
import type { SimItem } from './traffic.ts';

const EVENT = 'Bought 0';
const EVERY_MS_MAX = 250;
/** Nobody can be asked now, or everybody is on the move. */
const EXPECTED = ['shard_unavailable', 'deadline_exceeded', 'overloaded', 'query_timeout', 'shutting_down'];

export async function count(clients: readonly Client[], parts: ClientParts): Promise<void> {
  const { cluster, isOver, note, violation } = parts;
  const { world } = cluster;
  const [asker] = clients;
  while (!isOver()) {
    await new Promise<void>((resolve) => world.clock.after(1 + world.below(EVERY_MS_MAX), resolve));
    const least = buyersOf(clients.flatMap(({ acknowledged }) => [...acknowledged]));
    const partial = world.below(2) === 0;
    const request = { where: { event: EVENT }, as: 'count', ...(partial ? { partial } : {}) } as const;
    const told = await asker.call('count', (router) => router.query(request));
    const most = buyersOf(clients.flatMap(({ sent }) => sent));
    if (told === undefined) continue;
    if (told instanceof EngineError) {
      if (!EXPECTED.includes(told.code)) violation(`a count: ${told.code} ${told.message}`);
      continue;
    }
    if (!('count' in told)) throw new Error('a count without a count');
    const { missing } = told;
    note(`counted ${told.count} of ${least} to ${most}, without ${missing?.shards.join() ?? 'nobody'}`);
    if (told.count > most) violation(`${told.count} were counted and ${most} sent`);
    if (missing === undefined && told.count < least)
      violation(`${told.count} were counted and ${least} acknowledged, and nothing is missing`);
    if (missing !== undefined && (!partial || missing.shards.length === 0))
      violation(`a count without shards ${missing.shards.join()}, ${partial ? 'none of which is named' : 'unasked'}`);
  }
}

function buyersOf(items: readonly SimItem[]): number {
  return new Set(items.flatMap(({ event, userId }) => (event === EVENT && userId !== undefined ? [userId] : []))).size;
}
