/** Somebody who merges and separates people by hand, and fills in what others know of them. */
import { EngineError } from '../../../src/model/error.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import type { Client, ClientParts } from './client.ts';

/** What a request may be told and be right: the people are not there, or not as it thought. */
const EXPECTED = [
  'profile_not_found',
  'merge_refused',
  'merge_not_found',
  'overloaded',
  'shard_unavailable',
  'deadline_exceeded',
  'shutting_down',
  'storage_failed',
];

export async function operate(
  client: Client,
  people: number,
  { cluster, isOver, note, violation }: ClientParts,
): Promise<void> {
  const { world } = cluster;
  const anybody = (): Identifier =>
    [
      { type: 'user_id', value: `u${world.below(people)}` },
      { type: 'anonymous_id', value: `a${world.below(people * 2)}` },
      { type: 'email', value: `p${world.below(people)}@x.org` },
    ][world.below(3)];
  while (!isOver()) {
    await new Promise<void>((resolve) => world.clock.after(20 + world.below(300), resolve));
    const who = anybody();
    const kind = world.below(3);
    const told = await client.call(['merge', 'unmerge', 'enrich'][kind], async (router): Promise<string> => {
      if (kind === 0) {
        await router.mergeProfiles({ into: who, from: anybody() });
        return 'merged';
      }
      if (kind === 2) {
        const records = [{ who: [who], traits: { score: world.below(9) }, at: 1_000 + world.below(1_000) }];
        const { matched } = await router.enrich({ source: 'bureau', priority: 'fill', records });
        return `matched ${matched}`;
      }
      const graph = await router.identityGraph(who);
      if (graph === undefined || graph.links.length === 0) return 'nothing to cut';
      const { from } = graph.links[world.below(graph.links.length)];
      try {
        await router.unmergeProfile({ profile: who, identifiers: [from] });
      } catch (error) {
        // Somebody else has separated them since the graph was read.
        if (error instanceof EngineError && error.message.endsWith('is no identifier of this profile'))
          return error.message;
        throw error;
      }
      return 'separated';
    });
    if (told instanceof EngineError && !EXPECTED.includes(told.code)) {
      violation(`a request by hand: ${told.code} ${told.message}`);
    } else note(`operator: ${told instanceof EngineError ? told.code : String(told)}`);
  }
}
