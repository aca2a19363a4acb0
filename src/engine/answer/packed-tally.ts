/** What the second half of a breakdown found, on its way out of the process: texts by number, each once. */
import type { GroupValue } from '../../model/analysis.ts';
import type { Figure } from '../../query/execution/tally-figure.ts';
import type { TallyOutcome } from '../../query/execution/tally-scan.ts';
import { TAG_TEXT } from '../../query/index/scalar-tag.ts';
import { packNumbers } from './packed-numbers.ts';
import { type PackedValues, packValues, unpackValues } from './packed-values.ts';

/** Of one worker. */
export interface TalliedPiece {
  readonly shard: number;
  /** Texts that figures name by number. */
  readonly textOf: (number: number) => string;
  /** Elements that are in a group that is not shown. */
  readonly restCount: number;
  /** Undefined where nobody asked. */
  readonly outcome: Outcome | undefined;
}

interface Outcome extends Pick<TallyOutcome, 'profiles'> {
  readonly figures: readonly ShownFigure[];
}

/** `ends`: as of `SortedNumbers`. */
export type ShownFigure = Figure & { readonly ends?: Float64Array | undefined };

export interface PackedTallied {
  readonly pieces: readonly Pick<TalliedPiece, 'restCount' | 'outcome'>[];
  readonly numbers: Float64Array;
  readonly texts: PackedValues;
}

const FIGURE_NS = 200;
const NUMBERS_PER_STEP = 4_096;
const NUMBER_NS = 30;

/** Yields what its pieces are estimated to have cost. */
export function* packTallied(tallied: readonly TalliedPiece[]): Generator<number, PackedTallied, void> {
  const texts = new Map<number, string>();
  const pieces: Pick<TalliedPiece, 'restCount' | 'outcome'>[] = [];
  for (const { textOf, restCount, outcome } of tallied) {
    const figures: ShownFigure[] = [];
    for (const figure of outcome?.figures ?? []) {
      yield* addTexts(figure, textOf, texts);
      figures.push(yield* packFigure(figure));
    }
    pieces.push({ restCount, outcome: outcome === undefined ? undefined : { profiles: outcome.profiles, figures } });
  }
  const list = [...texts.values()];
  return { pieces, numbers: Float64Array.from(texts.keys()), texts: yield* packValues(list.length, (i) => list[i]) };
}

function* packFigure(figure: ShownFigure): Generator<number, ShownFigure, void> {
  yield FIGURE_NS;
  const { numbers: values } = figure;
  if (values === undefined) return figure;
  const { values: numbers, ends } = yield* packNumbers({ values, ends: figure.ends });
  return { ...figure, numbers, ends };
}

function* addTexts(
  { distinct, edge }: Figure,
  textOf: (number: number) => string,
  texts: Map<number, string>,
): Generator<number, void, void> {
  if (edge?.tag === TAG_TEXT) texts.set(edge.value, textOf(edge.value));
  if (distinct === undefined) return;
  const { tags, values } = distinct;
  for (let v = 0; v < values.length; v++) {
    if (tags[v] === TAG_TEXT && !texts.has(values[v])) texts.set(values[v], textOf(values[v]));
    if (v % NUMBERS_PER_STEP === NUMBERS_PER_STEP - 1) yield NUMBER_NS * NUMBERS_PER_STEP;
  }
}

export function* unpackTallied(
  { pieces, numbers, texts }: PackedTallied,
  shard: number,
): Generator<number, readonly TalliedPiece[], void> {
  const list: readonly GroupValue[] = yield* unpackValues(texts);
  const byNumber = new Map<number, string>();
  for (let t = 0; t < numbers.length; t++) {
    byNumber.set(numbers[t], list[t] as string);
    if (t % NUMBERS_PER_STEP === NUMBERS_PER_STEP - 1) yield NUMBER_NS * NUMBERS_PER_STEP;
  }
  return pieces.map((piece) => ({ ...piece, shard, textOf: (number) => byNumber.get(number)! }));
}
