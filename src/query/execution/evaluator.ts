/**
 * The evaluation of captured operators: a coroutine that yields scans and goes on with their results, and pauses in work of its
 * own. Whoever drives it decides where a scan runs and what a pause is: at once on this thread, so that the whole query is one
 * turn, or on workers and in later turns. Both ways are the same code.
 */
import { unreachable } from '../../base/assert.ts';
import { wordCountOf } from '../../bitmap/portable-bitset.ts';
import { RowSet } from '../../bitmap/row-set.ts';
import { CHUNK_ROWS } from '../../memory/chunk-size.ts';
import { eventCostNs, SEEN_NS } from '../planner/cost.ts';
import type { Switches } from '../planner/pass.ts';
import { type ChainPlan, chainPlan, rowsOfChains } from './chain-rows.ts';
import { newControl } from './chunk-claim.ts';
import { countByScan, rowsOfCounts } from './count-rows.ts';
import type { Evaluation } from './evaluation.ts';
import { rowsOfState } from './event-measure.ts';
import type { Operator } from './operator.ts';
import { type Pace, paced } from './pace.ts';
import { rowsOfParticipants } from './participant-rows.ts';
import type { Program } from './program.ts';
import { candidateChunks } from './row-scan.ts';
import { isRunCountBetter, measureCostNs, rowsOfRunCount } from './run-count-rows.ts';
import type { ScratchMemory } from './scratch-memory.ts';
import { rowsOfSeen } from './seen-rows.ts';
import { selectSequence } from './sequence-select.ts';
import type { Trace } from './trace.ts';
import { rowsOfValues, valueByScan } from './value-rows.ts';

export interface EvaluatorOptions {
  readonly rowCount: number;
  readonly slabs: readonly SharedArrayBuffer[];
  readonly switches: Switches;
  /** Of all work on this thread for the question. */
  readonly pace: Pace;
  /** That scan at a time. */
  readonly threadCount: number;
  readonly scratch: ScratchMemory;
  /** Beyond this, chains are not followed on the shard's thread while workers could scan. */
  readonly probeNsMax: number;
  /** Notes rows and times of each operator; absent = nobody asks. */
  readonly trace?: Trace | undefined;
}

type EventOperator = Extract<Operator, { kind: 'events' }>;

export class Evaluator {
  readonly #options: EvaluatorOptions;
  /** The operator of whose rows no more is asked than how many. */
  #counted: Operator | undefined;
  /** Of event scans that were run: a part that stands at several places is measured once. */
  readonly #measured = new Map<Operator, RowSet>();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  /** The rows that satisfy the operator. `isSizeEnough`: nobody will ask for more than how many. */
  evaluateWhole(operator: Operator, isSizeEnough: boolean): Evaluation {
    this.#counted = isSizeEnough ? operator : undefined;
    return this.evaluate(operator);
  }

  /** The rows among `candidates` (absent = all) that satisfy the operator. */
  *evaluate(operator: Operator, candidates?: RowSet | undefined): Evaluation {
    const { trace } = this.#options;
    if (trace === undefined) return yield* this.#run(operator, candidates);
    const startedMs = trace.now();
    const rows = yield* this.#run(operator, candidates);
    trace.add(operator, rows, startedMs);
    return rows;
  }

  *#run(operator: Operator, candidates: RowSet | undefined): Evaluation {
    const { rowCount, slabs, switches, probeNsMax, pace } = this.#options;
    switch (operator.kind) {
      case 'rows':
        return candidates === undefined ? operator.rows : candidates.and(operator.rows);
      case 'participants': {
        const { participants } = operator;
        return within(yield* paced(rowsOfParticipants(participants, slabs, rowCount), pace), candidates);
      }
      case 'scan':
        return yield* this.#scan(operator.program, candidates);
      case 'seen': {
        const asked = candidates ?? RowSet.all(rowCount);
        return yield* paced(rowsOfSeen(operator.seen, operator.matches, slabs, asked), pace, SEEN_NS);
      }
      case 'events':
        return yield* this.#events(operator, candidates);
      case 'sequence':
        return yield* selectSequence(operator.sequence, candidates, switches.probeChains ? probeNsMax : 0, pace);
      case 'not': {
        const rows = yield* this.evaluate(operator.of, candidates);
        return (candidates ?? RowSet.all(rowCount)).andNot(rows);
      }
      case 'and':
        return yield* this.#and(operator.of, candidates);
      case 'or':
        return yield* this.#or(operator.of, candidates);
      default:
        return unreachable(operator);
    }
  }

  *#and(parts: readonly Operator[], candidates: RowSet | undefined): Evaluation {
    const { switches, rowCount } = this.#options;
    let survivors = candidates;
    for (const part of parts) {
      if (switches.pushCandidates) {
        survivors = yield* this.evaluate(part, survivors);
        if (survivors.isEmpty) return survivors;
      } else {
        survivors = within(yield* this.evaluate(part), survivors);
      }
    }
    return survivors ?? RowSet.all(rowCount);
  }

  /** Later parts are asked only about rows that no earlier one found. */
  *#or(parts: readonly Operator[], candidates: RowSet | undefined): Evaluation {
    const { switches, rowCount, trace } = this.#options;
    // Bitmaps first and all at once, unless somebody wants to know of each.
    const known = trace === undefined ? parts.filter((part) => part.kind === 'rows') : [];
    let found = within(RowSet.union(known.map(({ rows }) => rows)), candidates);
    for (const part of parts) {
      if (trace === undefined && part.kind === 'rows') continue;
      if (!switches.pushCandidates) {
        found = found.or(within(yield* this.evaluate(part), candidates));
        continue;
      }
      const open = found.isEmpty ? candidates : (candidates ?? RowSet.all(rowCount)).andNot(found);
      if (open?.isEmpty === true) return found;
      found = found.or(yield* this.evaluate(part, open));
    }
    return found;
  }

  *#scan(program: Program, candidates: RowSet | undefined): Evaluation {
    const { rowCount, switches, pace } = this.#options;
    const wanted = candidates?.toWords(rowCount);
    const words = new Uint32Array(new SharedArrayBuffer(wordCountOf(rowCount) * 4));
    const chunks = candidateChunks(rowCount, switches.skipChunks ? wanted : undefined);
    yield { kind: 'rows', program, rowCount, candidates: wanted, words, chunks, control: newControl() };
    return yield* paced(RowSet.ofWordsSteps(words), pace);
  }

  *#events(operator: EventOperator, candidates: RowSet | undefined): Evaluation {
    const { test, scan, verdict, runCount } = operator;
    const { rowCount, slabs, pace, threadCount, scratch } = this.#options;
    const known = this.#measured.get(operator);
    if (known !== undefined) return within(known, candidates);
    const chains = this.#chains(operator, candidates);
    this.#options.trace?.choose(operator, chains === undefined ? 'scan' : 'by chains');
    if (chains !== undefined) {
      const found = rowsOfChains(test, chains, scan.elementCount, this.#options.rowCount);
      return within(yield* paced(found, pace), candidates);
    }
    const windowCount = Math.min(scan.elementCount, scan.chunks.length * CHUNK_ROWS);
    const counts = countByScan(scan, test.measure);
    const scanNs = counts?.costNs ?? measureCostNs(windowCount, rowCount);
    if (runCount !== undefined && isRunCountBetter(runCount, scanNs, candidates?.cardinality ?? rowCount)) {
      this.#options.trace?.choose(operator, 'by runs');
      return yield* rowsOfRunCount(runCount, candidates, pace, scratch);
    }
    if (counts !== undefined) {
      const rows = yield* rowsOfCounts(counts, threadCount, scratch, pace, this.#counted === operator);
      this.#measured.set(operator, rows);
      return within(rows, candidates);
    }
    const values = valueByScan(scan, test.measure, verdict, threadCount);
    if (values !== undefined) {
      const rows = yield* rowsOfValues(values, scratch, pace, this.#counted === operator);
      this.#measured.set(operator, rows);
      return within(rows, candidates);
    }
    const state = yield scan;
    const rows = yield* paced(rowsOfState(test.measure, verdict, state!, rowCount, slabs), pace);
    this.#measured.set(operator, rows);
    return within(rows, candidates);
  }

  /** The chains to follow, when that is cheaper than the scan. */
  #chains({ test }: EventOperator, candidates: RowSet | undefined): ChainPlan | undefined {
    const { switches, probeNsMax, rowCount } = this.#options;
    if (!switches.probeChains) return undefined;
    const chains = chainPlan(test, candidates);
    if (chains === undefined || chains.costNs > probeNsMax) return undefined;
    return chains.costNs > eventCostNs(test, rowCount) ? undefined : chains;
  }
}

function within(rows: RowSet, candidates: RowSet | undefined): RowSet {
  return candidates === undefined ? rows : candidates.and(rows);
}
