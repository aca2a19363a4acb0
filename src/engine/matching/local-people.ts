/** The people of this process' shards: all at hand, so that nobody can change between a look and what it is for. */
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { Router } from '../../router/router.ts';
import type { Shard } from '../../shard/shard.ts';
import type { IdentityService } from '../identity/identity-service.ts';
import { areKeptApart, areSame } from './kept-apart.ts';
import type { MatchingPeople, Pair, PeopleReading, RecordNames, Standing } from './matching-people.ts';
import { readRows } from './profile-records.ts';
import type { SuggestionStore } from './suggestion-store.ts';

export interface LocalPeopleParts {
  readonly router: Router;
  readonly identity: IdentityService;
  readonly store: SuggestionStore;
}

export class LocalPeople implements MatchingPeople {
  readonly pairsAtOnce = 1;
  readonly #parts: LocalPeopleParts;

  constructor(parts: LocalPeopleParts) {
    this.#parts = parts;
  }

  async read({ fields, builder, slices, progress, assertRoom }: PeopleReading): Promise<RecordNames> {
    const { shards } = this.#parts.router;
    const total = shards.reduce((sum, { data }) => sum + data.profileCount, 0);
    const names = new CodeNames(shards);
    let before = 0;
    for (const [index, { data }] of shards.entries()) {
      const { done } = await readRows({
        data,
        fields,
        sink: {
          addText: (field, bytes, start, size) => builder.addText(field, bytes, start, size),
          addRecord: (codes, place, name) => {
            names.add(index, name);
            builder.addRecord(codes, place);
          },
        },
        fromRow: 0,
        slices,
        isFull: () => false,
        onPause: (doneHere) => {
          assertRoom(names.count, names.usedBytes);
          progress(Math.min(before + doneHere, total), total);
        },
      });
      before += done;
    }
    assertRoom(names.count, names.usedBytes);
    progress(total, total);
    return names;
  }

  standings(pairs: readonly Pair[]): readonly Standing[] {
    const { router, store } = this.#parts;
    return pairs.map((pair) => {
      const two = this.#twoProfiles(pair);
      if (two === undefined) return 'same';
      const isApart = areKeptApart(router, store, ...two);
      return isApart === undefined ? 'unclear' : isApart ? 'apart' : 'two';
    });
  }

  async mergeSure(pair: Pair): Promise<boolean> {
    const [standing] = this.standings([pair]);
    if (standing !== 'two') return false;
    try {
      await this.#parts.identity.merge({ into: pair[0], from: pair[1] }, 'linkage');
      return true;
    } catch (error) {
      // Too large together.
      if (error instanceof EngineError && error.code === 'merge_refused') return false;
      throw error;
    }
  }

  #twoProfiles([a, b]: Pair): [ProfileAddress, ProfileAddress] | undefined {
    const { router } = this.#parts;
    const first = router.locate(a);
    const second = router.locate(b);
    return first === undefined || second === undefined || areSame(first, second) ? undefined : [first, second];
  }
}

/** 8 bytes each, since an identifier's code never changes. */
class CodeNames implements RecordNames {
  readonly #shards: readonly Shard[];
  #indexes = new Uint32Array(1_024);
  #codes = new Uint32Array(1_024);
  #count = 0;

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  get count(): number {
    return this.#count;
  }

  get usedBytes(): number {
    return this.#codes.byteLength + this.#indexes.byteLength;
  }

  add(shardIndex: number, code: number): void {
    if (this.#count === this.#codes.length) {
      this.#indexes = doubled(this.#indexes);
      this.#codes = doubled(this.#codes);
    }
    this.#indexes[this.#count] = shardIndex;
    this.#codes[this.#count++] = code;
  }

  of(record: number): Identifier {
    return this.#shards[this.#indexes[record]].data.identifiers.identifierOf(this.#codes[record]);
  }
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
