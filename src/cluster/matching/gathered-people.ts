/**
 * The people of all shards, for the run on one of them. Records come page by page, one of each shard in hand; what was found is looked up
 * again by calls, many pairs at a time. A sure pair is merged in a step that looks once more, when nobody else can touch the two.
 */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { MatchingPeople, Pair, PeopleReading, Standing } from '../../engine/matching/matching-people.ts';
import { LOOKED_UP_MAX } from '../../engine/matching/matching-people.ts';
import type { SuggestionStore } from '../../engine/matching/suggestion-store.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Clock } from '../../runtime/clock.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { ShardCaller } from '../gateway/shard-caller.ts';
import { identifierOf, wireOf } from '../step/claim.ts';
import { GatheredNames } from './gathered-names.ts';
import { type FoundProfile, findProfiles } from './profile-finder.ts';
import { type RecordPage, takePage } from './record-page.ts';
import type {
  CutsAsk,
  FieldsAnswer,
  MatchedMergeAnswer,
  MatchedMergeAsk,
  PageAsk,
  ProfileState,
  WireIdentifier,
} from './wire.ts';

const TIMEOUT_MS = 30_000;
/** Steps wait for each other that long at most. */
const MERGE_TIMEOUT_MS = 60_000;
const PAIRS_AT_ONCE = 256;
/** Pairs of identifiers in one call. */
const CUTS_AT_ONCE = 16_384;
/** Somebody else may change the two each time. */
const ATTEMPTS_MAX = 5;

export interface GatheredPeopleParts {
  readonly caller: ShardCaller;
  readonly slots: SlotMap;
  readonly clock: Clock;
  readonly shardCount: () => number;
  readonly store: SuggestionStore;
  /** After what else writes suggestions: people's decisions see what was merged, and are seen. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

export class GatheredPeople implements MatchingPeople {
  readonly pairsAtOnce = PAIRS_AT_ONCE;
  readonly #parts: GatheredPeopleParts;

  constructor(parts: GatheredPeopleParts) {
    this.#parts = parts;
  }

  /** What the shards have of these traits, or which look like personal data. Errors: shard_unavailable, deadline_exceeded. */
  fields(wanted: readonly string[] | undefined, signal?: CancelSignal): Promise<FieldsAnswer[]> {
    return this.#askAll<FieldsAnswer>('matching_fields', { fields: wanted }, signal);
  }

  #askAll<T>(method: string, args: unknown, signal?: CancelSignal): Promise<T[]> {
    const shards = Array.from({ length: this.#parts.shardCount() }, (_, shard) => shard);
    return Promise.all(shards.map((shard) => this.#call<T>(shard, method, args, signal)));
  }

  #call<T>(shard: number, method: string, args: unknown, signal?: CancelSignal): Promise<T> {
    return this.#parts.caller.call<T>(shard, method, args, { timeoutMs: TIMEOUT_MS, signal });
  }

  async read(reading: PeopleReading): Promise<GatheredNames> {
    const { fields, signal, progress, assertRoom } = reading;
    const counts = await this.fields(fields, signal);
    const total = counts.reduce((sum, { profileCount }) => sum + profileCount, 0);
    const names = new GatheredNames();
    let done = 0;
    let isOver = false;
    const take = async (page: RecordPage): Promise<void> => {
      takePage(page, fields.length, reading.builder, names);
      done += page.done;
      assertRoom(names.count, names.usedBytes);
      progress(Math.min(done, total), total);
      if (reading.slices.isDue) await reading.slices.pause();
    };
    try {
      await Promise.all(counts.map((_, shard) => this.#readShard(shard, reading, take, () => isOver)));
    } finally {
      // The others end with the page that they have.
      isOver = true;
    }
    progress(total, total);
    return names;
  }

  async #readShard(
    shard: number,
    { fields, signal }: PeopleReading,
    take: (page: RecordPage) => Promise<void>,
    isOver: () => boolean,
  ): Promise<void> {
    let firstLife: string | undefined;
    for (let fromRow: number | null = 0; fromRow !== null; ) {
      const ask: PageAsk = { fields, fromRow };
      const told = await this.#call<{ life: string; page: RecordPage }>(shard, 'matching_page', ask, signal);
      if (isOver()) return;
      firstLife ??= told.life;
      if (told.life !== firstLife) {
        throw new EngineError(
          'shard_unavailable',
          `shard ${shard} was restarted while its profiles were read; run again`,
          {
            retryAfterMs: 1_000,
            details: { shard },
          },
        );
      }
      await take(told.page);
      fromRow = told.page.nextRow;
    }
  }

  /** By place; undefined: nobody has it. */
  async #find(identifiers: readonly Identifier[], isWhole: boolean): Promise<readonly (FoundProfile | undefined)[]> {
    const { slots, clock } = this.#parts;
    const found = await findProfiles(
      { slots, clock, ask: (shard, ask) => this.#call<readonly ProfileState[]>(shard, 'matching_profiles', ask) },
      identifiers,
      isWhole,
    );
    return identifiers.map((identifier) => found.get(textOf(identifier)));
  }

  /** By place, whether both are there and one profile, or two, or one of them is gone. */
  async areOneOrTwo(pairs: readonly Pair[]): Promise<readonly ('one' | 'two' | 'gone')[]> {
    const found = await this.#find(pairs.flat(), false);
    return pairs.map((_, i) => {
      const [first, second] = [found[i * 2], found[i * 2 + 1]];
      if (first === undefined || second === undefined) return 'gone';
      return first.primary === second.primary ? 'one' : 'two';
    });
  }

  async standings(pairs: readonly Pair[]): Promise<readonly Standing[]> {
    return (await this.#look(pairs)).map(({ standing }) => standing);
  }

  async #look(pairs: readonly Pair[]): Promise<readonly Look[]> {
    const found = await this.#find(pairs.flat(), true);
    const looks = pairs.map((_, i): Look => this.#lookOf(found[i * 2], found[i * 2 + 1]));
    const open = looks.filter(({ standing }) => standing === 'two');
    for (let from = 0; from < open.length; ) {
      const some: Look[] = [];
      for (let count = 0; from < open.length && (some.length === 0 || count < CUTS_AT_ONCE); from++) {
        some.push(open[from]);
        count += open[from].near.length * open[from].far.length;
      }
      const ask: CutsAsk = some.map(({ near, far }) => [near, far]);
      const answers = await this.#askAll<readonly boolean[]>('matching_cuts', ask);
      for (const [i, look] of some.entries()) if (answers.some((isCut) => isCut[i])) look.standing = 'apart';
    }
    return looks;
  }

  #lookOf(first: FoundProfile | undefined, second: FoundProfile | undefined): Look {
    const look = (standing: Standing): Look => ({ standing, first, second, near: [], far: [] });
    if (first === undefined || second === undefined || first.primary === second.primary) return look('same');
    const { identifiers: near } = first;
    const { identifiers: far } = second;
    if (near === undefined || far === undefined || near.length * far.length > LOOKED_UP_MAX) return look('unclear');
    const texts = new Set(far.map((wire) => textOf(identifierOf(wire))));
    const isRejected = near.some((wire) => {
      return this.#parts.store.rejectedWith(identifierOf(wire)).some((other) => texts.has(textOf(other)));
    });
    return { ...look(isRejected ? 'apart' : 'two'), near, far };
  }

  mergeSure(pair: Pair): Promise<boolean> {
    return this.#parts.inTurn(async () => {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const [{ standing, first, second, near, far }] = await this.#look([pair]);
        if (standing !== 'two' || first === undefined || second === undefined) return false;
        const ask: MatchedMergeAsk = { into: wireOf(first.identifier), from: wireOf(second.identifier), near, far };
        const answer = await this.#mergeAt(first.shard, ask);
        if (answer !== 'changed') return answer === 'merged';
      }
      return false;
    });
  }

  async #mergeAt(shard: number, ask: MatchedMergeAsk): Promise<MatchedMergeAnswer> {
    try {
      return await this.#parts.caller.call(shard, 'merge_matched', ask, { timeoutMs: MERGE_TIMEOUT_MS });
    } catch (error) {
      // Others have had them in hand all the time: left to a person.
      if (error instanceof EngineError && error.code === 'overloaded') return 'refused';
      throw error;
    }
  }
}

/** A pair as it was just seen; identifiers where it may be cut. */
interface Look {
  standing: Standing;
  readonly first: FoundProfile | undefined;
  readonly second: FoundProfile | undefined;
  readonly near: readonly WireIdentifier[];
  readonly far: readonly WireIdentifier[];
}
