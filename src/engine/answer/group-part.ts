/**
 * A shard's part of a breakdown: how many elements each of its groups has; then, of those that are shown, the distinct profiles and the further
 * figure. Elsewhere it is known by its groups' values, and asked once more for those that are shown.
 */
import type { BreakdownRequest, GroupValue } from '../../model/analysis.ts';
import { type BreakdownPart, type BreakdownPiece, captureBreakdown } from '../../query/execution/breakdown.ts';
import type { GroupIndex } from '../../query/execution/group-index.ts';
import { STALE } from '../../query/execution/instant.ts';
import { inSlices, type Spend } from '../../query/execution/pace.ts';
import { allEnded } from '../../query/execution/shard-query.ts';
import { type Aim, aimOf } from './breakdown-aim.ts';
import { type PackedTallied, packTallied, type TalliedPiece, unpackTallied } from './packed-tally.ts';
import { type PackedValues, packValues, unpackValues } from './packed-values.ts';
import type { Further, PartKind, Place } from './part-kind.ts';

export interface GroupPart {
  /** Elements, each once however many groups it is in. */
  readonly elementCount: number;
  /** Adds the elements of its groups, by the index' numbers. Yields what its pieces are estimated to have cost. */
  addSizes(sizes: Float64Array): Generator<number, void, void>;
  /** `places`: of each group of the index, −1 = not shown. One outcome a worker, in their order. */
  tallied(places: Int32Array, shownCount: number, spend: Spend): Promise<readonly TalliedPiece[]>;
}

/** Groups of a shard, side by side; values by dimension. */
interface PackedGroups {
  readonly elementCount: number;
  readonly sizes: Float64Array;
  readonly values: readonly PackedValues[];
}

/** Groups of the shard that are shown, and where. */
interface TallyAsk {
  readonly groups: Uint32Array;
  readonly places: Uint32Array;
  readonly shownCount: number;
}

/** Keys added up between two turns at most, and what a group of one costs. */
const KEYS_PER_STEP = 1_024;
const ADD_NS = 10;
const INTERN_NS = 200;

/** `index`: of all groups that this process knows of the question. */
export function groupKind(request: BreakdownRequest, index: GroupIndex): PartKind<GroupPart, PackedGroups> {
  const isTallied = request.event !== undefined || request.aggregate !== undefined;
  return {
    capture(instant, _shard, { index: shardIndex }) {
      const finish = captureBreakdown(instant, request, index);
      return async (rows) => {
        const part = await finish(rows);
        return part === STALE ? STALE : new LocalGroups(part, shardIndex, isTallied);
      };
    },
    *pack(part) {
      const sizes = new Float64Array(index.count);
      yield* part.addSizes(sizes);
      const values: PackedValues[] = [];
      for (let d = 0; d < request.by.length; d++) {
        values.push(yield* packValues(index.count, (group) => index.values[group][d]));
      }
      return { elementCount: part.elementCount, sizes, values };
    },
    *unpack({ elementCount, sizes, values }, place, further) {
      const columns: (readonly GroupValue[])[] = [];
      for (const packed of values) columns.push(yield* unpackValues(packed));
      const numbers = new Uint32Array(sizes.length);
      for (let group = 0; group < sizes.length; group++) {
        numbers[group] = index.of(columns.map((column) => column[group]));
        if (group % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield INTERN_NS * KEYS_PER_STEP;
      }
      return new DistantGroups({ elementCount, sizes, numbers, place, further });
    },
    async further(part, ask, spend) {
      const { groups, places: shown, shownCount } = ask as TallyAsk;
      const places = new Int32Array(index.count).fill(-1);
      groups.forEach((group, i) => {
        places[group] = shown[i];
      });
      return inSlices(packTallied(await part.tallied(places, shownCount, spend)), spend);
    },
  };
}

class LocalGroups implements GroupPart {
  readonly elementCount: number;
  readonly #part: BreakdownPart;
  readonly #shardIndex: number;
  readonly #isTallied: boolean;

  constructor(part: BreakdownPart, shardIndex: number, isTallied: boolean) {
    this.#part = part;
    this.#shardIndex = shardIndex;
    this.#isTallied = isTallied;
    this.elementCount = part.pieces.reduce((sum, { elementCount }) => sum + elementCount, 0);
  }

  *addSizes(sizes: Float64Array): Generator<number, void, void> {
    for (const piece of this.#part.pieces) yield* addPiece(piece, sizes);
  }

  async tallied(places: Int32Array, shownCount: number, spend: Spend): Promise<readonly TalliedPiece[]> {
    const { pieces, textOf } = this.#part;
    const aims: Aim[] = [];
    for (const piece of pieces) aims.push(await inSlices(aimOf(piece, places, shownCount), spend));
    const tally = (piece: BreakdownPiece, p: number) => (this.#isTallied ? piece.tally(aims[p]) : undefined);
    const outcomes = await allEnded(pieces.map(async (piece, p) => tally(piece, p)));
    return aims.map(({ restCount }, p) => ({ shard: this.#shardIndex, textOf, restCount, outcome: outcomes[p] }));
  }
}

function* addPiece({ counts, starts, groups }: BreakdownPiece, sizes: Float64Array): Generator<number, void, void> {
  for (let from = 0; from < counts.length; from += KEYS_PER_STEP) {
    const end = Math.min(from + KEYS_PER_STEP, counts.length);
    for (let k = from; k < end; k++) {
      for (let s = starts[k]; s < starts[k + 1]; s++) sizes[groups[s]] += counts[k];
    }
    yield ADD_NS * (starts[end] - starts[from]);
  }
}

interface DistantGroupsParts {
  readonly elementCount: number;
  readonly sizes: Float64Array;
  /** In the index, of each of its groups. */
  readonly numbers: Uint32Array;
  readonly place: Place;
  readonly further: Further;
}

/** In another process. */
class DistantGroups implements GroupPart {
  readonly elementCount: number;
  readonly #parts: DistantGroupsParts;

  constructor(parts: DistantGroupsParts) {
    this.#parts = parts;
    this.elementCount = parts.elementCount;
  }

  *addSizes(sums: Float64Array): Generator<number, void, void> {
    const { sizes, numbers } = this.#parts;
    for (let group = 0; group < sizes.length; group++) {
      sums[numbers[group]] += sizes[group];
      if (group % KEYS_PER_STEP === KEYS_PER_STEP - 1) yield ADD_NS * KEYS_PER_STEP;
    }
  }

  async tallied(places: Int32Array, shownCount: number, spend: Spend): Promise<readonly TalliedPiece[]> {
    const { numbers, further, place } = this.#parts;
    const groups: number[] = [];
    numbers.forEach((number, group) => {
      if (places[number] >= 0) groups.push(group);
    });
    const ask: TallyAsk = {
      groups: Uint32Array.from(groups),
      places: Uint32Array.from(groups, (group) => places[numbers[group]]),
      shownCount,
    };
    const packed = (await further(ask)) as PackedTallied;
    return inSlices(unpackTallied(packed, place.index), spend);
  }
}
