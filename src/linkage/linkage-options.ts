/** What a caller may say about linking, and what is done when nothing is said. */
import { EngineError } from '../model/error.ts';
import type { KeyForm } from './blocking-key.ts';

export interface RequestedKey {
  readonly field: string;
  readonly form: KeyForm;
}
/** Records are compared when all of these keys are the same. */
export type RequestedRule = readonly RequestedKey[];

export interface LinkageOptions {
  /** Pairs from this probability on are suggested. */
  readonly suggestProbability?: number | undefined;
  /** Groups are linked from this probability on; undefined = nothing is linked. */
  readonly linkProbability?: number | undefined;
  readonly seed?: number | undefined;
  /** Undefined: chosen from the data. */
  readonly rules?: readonly RequestedRule[] | undefined;
  /** Pairs that chosen rules may make, per record; small tables may make `pairsMin` in all. */
  readonly pairsPerRecord?: number | undefined;
  readonly pairsMin?: number | undefined;
}

export interface FullLinkageOptions extends Required<Omit<LinkageOptions, 'linkProbability' | 'rules'>> {
  readonly linkProbability: number | undefined;
  readonly rules: readonly RequestedRule[] | undefined;
}

/**
 * 0.5: calling a pair one person when that is likelier than not makes the fewest mistakes, and F1 is greatest at half of itself
 * (Lipton 2014), which is near it for any table worth linking.
 */
const SUGGEST_PROBABILITY = 0.5;
const PAIRS_PER_RECORD = 30;
/** A second's work: tables up to two thousand records are compared in full. */
const PAIRS_MIN = 2_000_000;

export const RULE_COUNT_MAX = 12;

/** Errors: invalid_request. */
export function fullOptions(options: LinkageOptions): FullLinkageOptions {
  const full: FullLinkageOptions = {
    suggestProbability: options.suggestProbability ?? SUGGEST_PROBABILITY,
    linkProbability: options.linkProbability,
    seed: options.seed ?? 1,
    rules: options.rules,
    pairsPerRecord: options.pairsPerRecord ?? PAIRS_PER_RECORD,
    pairsMin: options.pairsMin ?? PAIRS_MIN,
  };
  checkProbability('suggestProbability', full.suggestProbability);
  if (full.linkProbability !== undefined) {
    checkProbability('linkProbability', full.linkProbability);
    if (full.linkProbability < full.suggestProbability) {
      throw new EngineError(
        'invalid_request',
        'linkProbability is below suggestProbability; what is linked must be worth suggesting',
      );
    }
  }
  if (full.rules?.length === 0)
    throw new EngineError('invalid_request', 'rules is empty; leave it out to have rules chosen');
  return full;
}

function checkProbability(name: string, value: number): void {
  if (!(value > 0 && value < 1))
    throw new EngineError('invalid_request', `${name} is ${value}; give a number between 0 and 1, ends left out`);
}
