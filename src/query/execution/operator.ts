/**
 * The plan with its columns captured, and its evaluation: a coroutine that yields scans and goes on with their results. Whoever
 * drives it decides where a scan runs: at once on this thread, so that the whole query is one turn, or on workers,
 * with awaits between. Both ways are the same code.
 */
import { unreachable } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import type { EventTest, SeenTest } from '../binder/bound-expression.ts';
import { EventProbe } from '../evaluation/event-probe.ts';
import { eventCostNs, probeCostNs } from '../planner/cost.ts';
import type { Plan } from '../planner/plan.ts';
import type { AccumulatorState } from './accumulator.ts';
import { newControl } from './chunk-claim.ts';
import { captureEventTest, fitsNoEvent, rowsOfState } from './event-measure.ts';
import type { MeasureScan } from './measure-scan.ts';
import type { ImageSet, Program } from './program.ts';
import { candidateChunks } from './row-scan.ts';
import type { Scan } from './scan.ts';

export type Operator =
  | { readonly kind: 'rows'; readonly rows: RowSet }
  | { readonly kind: 'scan'; readonly program: Program }
  | { readonly kind: 'seen'; readonly matches: SeenTest['matches']; readonly instants: Float64Array }
  | { readonly kind: 'events'; readonly test: EventTest; readonly scan: MeasureScan }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Operator[] }
  | { readonly kind: 'not'; readonly of: Operator };

export function captureOperator(plan: Plan, rowCount: number, images: ImageSet): Operator {
  switch (plan.kind) {
    case 'rows':
      return plan;
    case 'scan':
      return { kind: 'scan', program: images.program(plan.formula) };
    case 'seen': {
      const instants = new Float64Array(rowCount);
      for (let row = 0; row < rowCount; row++) instants[row] = plan.test.column.get(row);
      return { kind: 'seen', matches: plan.test.matches, instants };
    }
    case 'events':
      return { kind: 'events', test: plan.test, scan: captureEventTest(plan.test, rowCount, images) };
    case 'not':
      return { kind: 'not', of: captureOperator(plan.of, rowCount, images) };
    case 'and':
    case 'or':
      return { kind: plan.kind, of: plan.of.map((part) => captureOperator(part, rowCount, images)) };
    default:
      return unreachable(plan);
  }
}

/** A scan of rows goes on with undefined (its result is in its words), a measure with the merged state. */
export type Evaluation = Generator<Scan, RowSet, AccumulatorState | undefined>;

export class Evaluator {
  readonly #rowCount: number;
  /** Beyond this, chains are not followed on the shard's thread while workers could scan. */
  readonly #probeNsMax: number;

  constructor(rowCount: number, probeNsMax: number) {
    this.#rowCount = rowCount;
    this.#probeNsMax = probeNsMax;
  }

  /** The rows among `candidates` (absent = all) that satisfy the operator. */
  *evaluate(operator: Operator, candidates?: RowSet | undefined): Evaluation {
    switch (operator.kind) {
      case 'rows':
        return candidates === undefined ? operator.rows : candidates.and(operator.rows);
      case 'scan':
        return yield* this.#scan(operator.program, candidates);
      case 'seen':
        return this.#seen(operator, candidates);
      case 'events':
        return yield* this.#events(operator.test, operator.scan, candidates);
      case 'not': {
        const rows = yield* this.evaluate(operator.of, candidates);
        return (candidates ?? RowSet.all(this.#rowCount)).andNot(rows);
      }
      case 'and': {
        let survivors = candidates;
        for (const part of operator.of) {
          survivors = yield* this.evaluate(part, survivors);
          if (survivors.isEmpty) return survivors;
        }
        return survivors ?? RowSet.all(this.#rowCount);
      }
      case 'or': {
        let found = RowSet.empty();
        for (const part of operator.of) found = found.or(yield* this.evaluate(part, candidates));
        return found;
      }
      default:
        return unreachable(operator);
    }
  }

  *#scan(program: Program, candidates: RowSet | undefined): Evaluation {
    const rowCount = this.#rowCount;
    const wanted = candidates?.toWords(rowCount);
    const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(rowCount) * 4));
    const chunks = candidateChunks(rowCount, wanted);
    yield { kind: 'rows', program, rowCount, candidates: wanted, words, chunks, control: newControl() };
    return RowSet.ofWords(words);
  }

  #seen({ matches, instants }: Extract<Operator, { kind: 'seen' }>, candidates: RowSet | undefined): RowSet {
    const words = new Uint32Array(wordCountOf(this.#rowCount));
    for (let row = 0; row < this.#rowCount; row++) {
      if (matches(Buffer.from(formatIsoDate(instants[row])))) words[row >>> 5] |= 1 << (row & 31);
    }
    const rows = RowSet.ofWords(words);
    return candidates === undefined ? rows : candidates.and(rows);
  }

  *#events(test: EventTest, scan: MeasureScan, candidates: RowSet | undefined): Evaluation {
    const probed = this.#probe(test, scan, candidates);
    if (probed !== undefined) return probed;
    const state = yield scan;
    const rows = rowsOfState(test.measure, state!, this.#rowCount);
    return candidates === undefined ? rows : candidates.and(rows);
  }

  /** Follows the chains of the candidates, or of all participants, when that is cheaper than the scan. */
  #probe(test: EventTest, scan: MeasureScan, candidates: RowSet | undefined): RowSet | undefined {
    const { measure, table } = test;
    if (measure.kind === 'number' && measure.fn === 'count_distinct') return undefined;
    const isOfCandidates = candidates !== undefined && candidates.cardinality < table.participantCount;
    const probedCount = isOfCandidates ? candidates.cardinality : table.participantCount;
    const costNs = probeCostNs(test, probedCount);
    if (costNs > this.#probeNsMax || costNs > eventCostNs(test, this.#rowCount)) return undefined;
    const probe = new EventProbe(test, scan.elementCount);
    // Rows that differ from what a profile without events would answer.
    const isZeroFit = fitsNoEvent(measure);
    const others: number[] = [];
    if (isOfCandidates) {
      for (const row of candidates.rowsFrom(0, probedCount)) {
        const slot = table.slotOf(row);
        if (slot >= 0 && probe.fits(slot) !== isZeroFit) others.push(row);
      }
    } else {
      for (let slot = 0; slot < probedCount; slot++) {
        const row = table.participantRows.get(slot);
        if (row < this.#rowCount && probe.fits(slot) !== isZeroFit) others.push(row);
      }
    }
    const found = RowSet.of(Uint32Array.from(others));
    if (isZeroFit) return (candidates ?? RowSet.all(this.#rowCount)).andNot(found);
    return candidates === undefined ? found : candidates.and(found);
  }
}
