/**
 * Makes a failing world small: drops questions, batches, items, members, parts of expressions, each as long as the check
 * still fails. Knows the shape of a world, so it gets further than the general shrinker of the property library.
 */
import type { Expression, SequenceStep } from '../../src/model/expression.ts';
import type { Analysis } from './generate/analysis.ts';
import type { Batch } from './generate/batch.ts';
import type { Question, SavedCondition, World } from './generate/world.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './naive/json-value.ts';

export type Check = (world: World) => Promise<string | undefined>;
export interface Shrunk {
  readonly world: World;
  readonly difference: string;
}

export class Shrinker {
  readonly #check: Check;
  #triesLeft: number;
  #best: Shrunk;

  constructor(check: Check, failing: Shrunk, tryCount: number) {
    this.#check = check;
    this.#best = failing;
    this.#triesLeft = tryCount;
  }

  async run(): Promise<Shrunk> {
    let size = Number.POSITIVE_INFINITY;
    while (this.#triesLeft > 0 && this.#size < size) {
      size = this.#size;
      await this.#shrinkList(this.#best.world.questions, (questions) => ({ ...this.#best.world, questions }));
      await this.#shrinkList(this.#best.world.analyses ?? [], (analyses) => ({ ...this.#best.world, analyses }));
      await this.#shrinkList(this.#best.world.segments ?? [], (segments) => ({ ...this.#best.world, segments }));
      await this.#shrinkList(this.#best.world.measures ?? [], (measures) => ({ ...this.#best.world, measures }));
      await this.#shrinkList(this.#best.world.batches, (batches) => ({ ...this.#best.world, batches }));
      await this.#shrinkBatches();
      await this.#shrinkQuestions();
      await this.#shrinkSegments();
      await this.#shrinkAnalyses();
    }
    return this.#best;
  }

  get #size(): number {
    return JSON.stringify(this.#best.world).length;
  }

  /** Keeps the candidate when it still fails. */
  async #isKept(candidate: World): Promise<boolean> {
    if (this.#triesLeft <= 0) return false;
    this.#triesLeft -= 1;
    const difference = await this.#check(candidate);
    // Another kind of difference is another mistake: following it would lose this one.
    if (difference === undefined || kindOf(difference) !== kindOf(this.#best.difference)) return false;
    this.#best = { world: candidate, difference };
    return true;
  }

  /** Leaves out runs of elements: first halves, at last single ones. */
  async #shrinkList<T>(list: readonly T[], rebuild: (shorter: readonly T[]) => World): Promise<void> {
    let kept = list;
    for (let run = kept.length; run >= 1; run = Math.floor(run / 2)) {
      for (let at = 0; at < kept.length; ) {
        const shorter = [...kept.slice(0, at), ...kept.slice(at + run)];
        if (await this.#isKept(rebuild(shorter))) kept = shorter;
        else at += run;
      }
    }
  }

  async #shrinkBatches(): Promise<void> {
    for (let index = 0; index < this.#best.world.batches.length; index++) {
      const rebuild = (batch: Batch): World => ({
        ...this.#best.world,
        batches: this.#best.world.batches.with(index, batch),
      });
      const current = (): Batch => this.#best.world.batches[index];
      await this.#shrinkList(current().items, (items) => rebuild({ ...current(), items }));
      const { sentAtMs, ...unsent } = current();
      if (sentAtMs !== undefined) await this.#isKept(rebuild(unsent));
      if (current().door !== 'json') await this.#isKept(rebuild({ ...current(), door: 'json' }));
      if (current().isImport) await this.#isKept(rebuild({ ...current(), isImport: false }));
      for (let at = 0; at < current().items.length; at++) {
        await this.#shrinkOne(
          () => current().items[at],
          simplerObjects,
          (item) => rebuild({ ...current(), items: current().items.with(at, item) }),
        );
      }
    }
  }

  async #shrinkQuestions(): Promise<void> {
    for (let index = 0; index < this.#best.world.questions.length; index++) {
      const rebuild = (question: Question): World => ({
        ...this.#best.world,
        questions: this.#best.world.questions.with(index, question),
      });
      const current = (): Question => this.#best.world.questions[index];
      await this.#shrinkOne(
        () => current().where,
        simplerExpressions,
        (where) => rebuild({ ...current(), where }),
      );
      if (current().at !== undefined) await this.#isKept(rebuild({ where: current().where }));
    }
  }

  async #shrinkSegments(): Promise<void> {
    for (let index = 0; index < (this.#best.world.segments?.length ?? 0); index++) {
      const segments = (): readonly SavedCondition[] => this.#best.world.segments ?? [];
      await this.#shrinkOne(
        () => segments()[index].where,
        simplerExpressions,
        (where) => ({ ...this.#best.world, segments: segments().with(index, { ...segments()[index], where }) }),
      );
    }
  }

  /** Members of the request go one by one; one that is needed makes another difference, or none. */
  async #shrinkAnalyses(): Promise<void> {
    for (let index = 0; index < (this.#best.world.analyses?.length ?? 0); index++) {
      const analyses = (): readonly Analysis[] => this.#best.world.analyses ?? [];
      await this.#shrinkOne(
        () => analyses()[index] as unknown as JsonObject,
        simplerObjects,
        (analysis) => ({
          ...this.#best.world,
          analyses: analyses().with(index, analysis as unknown as Analysis),
        }),
      );
    }
  }

  async #shrinkOne<T>(
    current: () => T,
    simpler: (value: T) => Iterable<T>,
    rebuild: (value: T) => World,
  ): Promise<void> {
    for (let isSmaller = true; isSmaller; ) {
      isSmaller = false;
      for (const candidate of simpler(current())) {
        if (await this.#isKept(rebuild(candidate))) {
          isSmaller = true;
          break;
        }
      }
    }
  }
}

/** What is compared, without the particulars: `lookup of`, `batch`. */
function kindOf(difference: string): string {
  return difference
    .replaceAll(/[{"'].*/gs, '')
    .replaceAll(/\d+/g, '')
    .replaceAll(/[+-]/g, '')
    .trim();
}

/** The object with one member fewer, or with one member made simpler. */
function* simplerObjects(object: JsonObject): Iterable<JsonObject> {
  const entries = Object.entries(object);
  for (const [i] of entries.entries()) yield Object.fromEntries(entries.toSpliced(i, 1));
  for (const [i, [key, value]] of entries.entries()) {
    for (const simpler of simplerValues(value)) yield Object.fromEntries(entries.with(i, [key, simpler]));
  }
}

function* simplerValues(value: JsonValue): Iterable<JsonValue> {
  if (isJsonObject(value)) yield* simplerObjects(value);
  if (!Array.isArray(value)) return;
  for (const [i] of value.entries()) yield value.toSpliced(i, 1);
  for (const [i, element] of value.entries()) {
    for (const simpler of simplerValues(element)) yield value.with(i, simpler);
  }
}

function* simplerExpressions(where: Expression): Iterable<Expression> {
  if ('and' in where || 'or' in where) {
    const parts = 'and' in where ? where.and : where.or;
    const join = (rest: readonly Expression[]): Expression => ('and' in where ? { and: rest } : { or: rest });
    yield* parts;
    if (parts.length > 1) for (const [i] of parts.entries()) yield join(parts.toSpliced(i, 1));
    for (const [i, part] of parts.entries())
      for (const simpler of simplerExpressions(part)) yield join(parts.with(i, simpler));
  } else if ('not' in where) {
    yield where.not;
    for (const simpler of simplerExpressions(where.not)) yield { not: simpler };
  } else if ('event' in where) {
    const { window, where: predicates, count, aggregate, ...rest } = where;
    if (window !== undefined) yield { ...rest, where: predicates, count, aggregate };
    if (aggregate !== undefined || count !== undefined) yield { ...rest, where: predicates, window };
    for (const [i] of (predicates ?? []).entries()) yield { ...where, where: predicates?.toSpliced(i, 1) };
  } else if ('sequence' in where) {
    const { sequence, window } = where;
    if (window !== undefined) yield { sequence };
    if (sequence.length > 2)
      for (const [i] of sequence.entries()) yield { ...where, sequence: withoutStep(sequence, i) };
    for (const [i, { event, ...rest }] of sequence.entries()) {
      for (const key of Object.keys(rest) as (keyof typeof rest)[]) {
        if (key === 'nth' && sequence.length === 1) continue;
        yield { ...where, sequence: sequence.with(i, { event, ...rest, [key]: undefined }) };
      }
    }
  }
}

/** The first step looks back to none. */
function withoutStep(sequence: readonly SequenceStep[], index: number): readonly SequenceStep[] {
  const [first, ...rest] = sequence.toSpliced(index, 1);
  return [{ ...first, within: undefined, without: undefined }, ...rest];
}
