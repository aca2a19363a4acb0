/** Groups over all shards: their sizes first, then, for those that are shown, distinct profiles and the further figure. */
import type { BreakdownBody, BreakdownGroup, BreakdownRequest } from '../../model/analysis.ts';
import { type BreakdownPart, type BreakdownPiece, captureBreakdown } from '../../query/execution/breakdown.ts';
import { GroupIndex, TopGroups } from '../../query/execution/group-index.ts';
import type { TallyOutcome } from '../../query/execution/tally-scan.ts';
import { mergeFigures, type PartialFigure } from './figure.ts';
import type { Question } from './question.ts';

const DEFAULT_LIMIT = 20;
const GROUPS_PER_TURN = 4_096;

interface Tallied {
  readonly part: BreakdownPart;
  readonly piece: BreakdownPiece;
  readonly shard: number;
  readonly outcome: TallyOutcome | undefined;
}

export async function answerBreakdown(question: Question): Promise<BreakdownBody> {
  const request = question.request.breakdown!;
  const index = new GroupIndex();
  const parts = await question.ask((instant) => captureBreakdown(instant, request, index));
  const sizes = new Float64Array(index.count);
  for (const { pieces } of parts) for (const piece of pieces) addSizes(piece, sizes);
  const top = new TopGroups(index, sizes, request.limit ?? DEFAULT_LIMIT);
  let groupCount = 0;
  for (let group = 0; group < sizes.length; group++) {
    if (group > 0 && group % GROUPS_PER_TURN === 0) await question.clock.yieldTurn();
    if (sizes[group] === 0) continue;
    groupCount += 1;
    top.add(group);
  }
  const shown = top.sorted();
  const places = new Int32Array(index.count).fill(-1);
  shown.forEach((group, place) => {
    places[group] = place;
  });
  const aims = parts.flatMap((part, shard) =>
    part.pieces.map((piece) => ({ part, piece, shard, aim: aimOf(piece, places, shown.length) })),
  );
  const isTallied = request.event !== undefined || request.aggregate !== undefined;
  const tallied = await Promise.all(
    aims.map(async ({ part, piece, shard, aim }): Promise<Tallied> => {
      return { part, piece, shard, outcome: isTallied ? await piece.tally(aim) : undefined };
    }),
  );
  // Elements of the rest, and of all, are each counted once however many groups they are in.
  const rest = aims.reduce((sum, { aim }) => sum + aim.restCount, 0);
  const total = aims.reduce((sum, { aim }) => sum + aim.totalCount, 0);
  const profilesOf = (target: number): number =>
    tallied.reduce((sum, { outcome }) => sum + outcome!.profiles[target], 0);
  const countsOf = (target: number, elements: number) =>
    request.event === undefined ? { profiles: elements } : { profiles: profilesOf(target), events: elements };
  return {
    groups: shown.map((group, place): BreakdownGroup => {
      return {
        values: index.values[group],
        ...countsOf(place, sizes[group]),
        ...(request.aggregate === undefined ? {} : { value: figureOf(request.aggregate, tallied, place) }),
      };
    }),
    ...(groupCount === shown.length
      ? {}
      : { rest: { groups: groupCount - shown.length, ...countsOf(shown.length, rest) } }),
    total: { groups: groupCount, ...countsOf(shown.length + 1, total) },
  };
}

function addSizes({ counts, starts, groups }: BreakdownPiece, sizes: Float64Array): void {
  for (let k = 0; k < counts.length; k++) {
    for (let s = starts[k]; s < starts[k + 1]; s++) sizes[groups[s]] += counts[k];
  }
}

/** Targets of each key: its shown groups by place, then the rest where it has others. */
function aimOf(piece: BreakdownPiece, places: Int32Array, shownCount: number) {
  const { keys, counts, groups, keyEnd } = piece;
  const starts = new Uint32Array(new SharedArrayBuffer((keyEnd + 1) * 4));
  const targets = new Uint32Array(new SharedArrayBuffer((groups.length + keys.length) * 4));
  let [at, restCount, totalCount, key] = [0, 0, 0, 0];
  for (let k = 0; k < keys.length; k++) {
    while (key <= keys[k]) starts[key++] = at;
    let isInRest = false;
    for (let s = piece.starts[k]; s < piece.starts[k + 1]; s++) {
      const place = places[groups[s]];
      if (place < 0) isInRest = true;
      else targets[at++] = place;
    }
    if (isInRest) {
      targets[at++] = shownCount;
      restCount += counts[k];
    }
    totalCount += counts[k];
  }
  while (key <= keyEnd) starts[key++] = at;
  return { starts, targets, groupCount: shownCount, restCount, totalCount };
}

function figureOf(
  { fn, p }: NonNullable<BreakdownRequest['aggregate']>,
  tallied: readonly Tallied[],
  place: number,
): BreakdownGroup['value'] {
  const figures = tallied.map(({ part, shard, outcome }): PartialFigure => {
    return { figure: outcome!.figures[place], textOf: part.textOf, shard };
  });
  return mergeFigures(fn, p, figures);
}
