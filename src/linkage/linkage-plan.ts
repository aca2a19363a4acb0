/**
 * What every thread needs to compare records: texts, codes and blocks, all in shared memory, so that a plan crosses to a worker for the
 * cost of a few dozen views.
 */

import { EngineError } from '../model/error.ts';
import { allocateBlockKeys, type BlockIndex, type BlockingRule, fileRecords, type RuleBlocks } from './block-index.ts';
import { type RecordKey, recordKeysOf } from './blocking-key.ts';
import { type ComparisonData, comparisonDataOf } from './comparison-data.ts';
import type { RequestedRule } from './linkage-options.ts';
import type { RecordTable } from './record-table.ts';
import { chooseRules, refinementOf } from './rule-choice.ts';

export interface LinkagePlan {
  readonly data: ComparisonData;
  readonly index: BlockIndex;
}

/** A plan whose records are not filed yet. */
export interface PreparedLinkage {
  readonly data: ComparisonData;
  readonly rules: readonly BlockingRule[];
  readonly keys: Uint32Array;
  /** Share of spoilt copies that the rules find; NaN when the caller gave the rules. */
  readonly coverage: number;
}

export interface PreparationOptions {
  readonly rules: readonly RequestedRule[] | undefined;
  readonly pairsPerRecord: number;
  readonly pairsMin: number;
  readonly ruleCountMax: number;
  readonly seed: number;
}

/** Errors: invalid_request for a rule with an unknown field or form. */
export function prepareLinkage(table: RecordTable, options: PreparationOptions): PreparedLinkage {
  const data = comparisonDataOf(table);
  if (data.fields.length === 0) return { data, rules: [], keys: new Uint32Array(0), coverage: Number.NaN };
  const available = recordKeysOf(data);
  const pairBudget = Math.max(options.pairsMin, options.pairsPerRecord * table.recordCount);
  const choice =
    options.rules === undefined
      ? chooseRules(data, available, { pairBudget, ruleCountMax: options.ruleCountMax, seed: options.seed })
      : { rules: options.rules.map((rule) => requested(data, available, rule)), coverage: Number.NaN };
  return {
    data,
    rules: choice.rules,
    keys: allocateBlockKeys(table.recordCount, choice.rules.length),
    coverage: choice.coverage,
  };
}

export function fileUnderRule({ data, rules, keys }: PreparedLinkage, rule: number): RuleBlocks {
  return fileRecords(data, rules[rule], keys, rule, rules.length);
}

function requested(data: ComparisonData, available: readonly RecordKey[], rule: RequestedRule): BlockingRule {
  const keys = rule.map(({ field, form }) => {
    const key = available.find(
      (candidate) => data.fields[candidate.fields[0]].name === field && candidate.form === form,
    );
    if (key !== undefined) return key;
    const names = available.map(({ name }) => name).join(', ');
    throw new EngineError('invalid_request', `no blocking key ${field} (${form}); there are ${names}`);
  });
  return { keys, refinement: refinementOf(keys, available) };
}

/** For people: "surname (sound) and postcode (same)". */
export function ruleText({ keys }: BlockingRule): string {
  return keys.length === 0 ? 'everyone with everyone' : keys.map(({ name }) => name).join(' and ');
}
