/**
 * Whose many identifiers are, over shards: asked of the shards that own their slots, all at once, and of those that these point to. Forwards
 * are followed as by `PersonAsker`, one step at most unless the profile is just moving.
 */
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { LedBy } from '../lookup-wire.ts';
import { identifierOf, wireOf } from '../step/claim.ts';
import type { ProfileState, ProfilesAsk, ToldProfile } from './wire.ts';

const HOPS_AT_ONCE = 4;
const HOPS_MAX = 64;
const PAUSE_MS = 5;

export interface FoundProfile extends ToldProfile {
  readonly shard: number;
  /** By which the shard knows it. */
  readonly identifier: Identifier;
}

export interface ProfileFinderParts {
  readonly slots: SlotMap;
  readonly clock: Clock;
  readonly ask: (shard: number, ask: ProfilesAsk) => Promise<readonly ProfileState[]>;
}

/** One that is still looked for. */
interface Search {
  readonly text: string;
  identifier: Identifier;
  shard: number;
  by: LedBy | null;
  isNormal: boolean;
}

/** By text of an identifier; who is nobody's is missing. Errors: overloaded, those of asking. */
export async function findProfiles(
  { slots, clock, ask }: ProfileFinderParts,
  identifiers: readonly Identifier[],
  isWhole: boolean,
): Promise<ReadonlyMap<string, FoundProfile>> {
  const found = new Map<string, FoundProfile>();
  const texts = new Map(identifiers.map((identifier) => [textOf(identifier), identifier]));
  let searches = [...texts].map(([text, identifier]): Search => {
    return { text, identifier, shard: slots.shardOf(identifier), by: null, isNormal: false };
  });
  for (let hop = 1; searches.length > 0; hop++) {
    if (hop > HOPS_MAX) {
      throw new EngineError('overloaded', 'profiles are being moved; ask again', { retryAfterMs: 1_000 });
    }
    if (hop > HOPS_AT_ONCE) await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
    const byShard = new Map<number, Search[]>();
    for (const search of searches) {
      const others = byShard.get(search.shard);
      if (others === undefined) byShard.set(search.shard, [search]);
      else others.push(search);
    }
    const next: Search[] = [];
    await Promise.all(
      [...byShard].map(async ([shard, asked]) => {
        for (let left = asked; left.length > 0; ) {
          const states = await ask(shard, {
            identifiers: left.map(({ identifier }) => wireOf(identifier)),
            by: left.map(({ by }) => by),
            isWhole,
          });
          const full = left.filter((_, i) => states[i] === 'more');
          for (const [i, search] of left.entries()) {
            if (take(search, states[i], found, slots)) next.push(search);
          }
          left = full;
        }
      }),
    );
    searches = next;
  }
  return found;
}

/** Whether it is to be looked for further. */
function take(search: Search, state: ProfileState, found: Map<string, FoundProfile>, slots: SlotMap): boolean {
  if (state === null || state === 'more') return false;
  if (typeof state === 'number') {
    search.shard = state;
    search.by = null;
    return true;
  }
  if ('primary' in state) {
    found.set(search.text, { ...state, shard: search.shard, identifier: search.identifier });
    return false;
  }
  if (state.length === 3) {
    search.shard = state[0];
    search.by = [state[1], state[2]];
    return true;
  }
  if (search.isNormal) return false;
  search.by = null;
  search.isNormal = true;
  search.identifier = identifierOf(state);
  search.shard = slots.shardOf(search.identifier);
  return true;
}
