/** How shards are asked: what a checked request says of the moment and of the way. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import { namedTraits } from '../../query/binder/named-traits.ts';
import type { SelectOptions } from '../../query/execution/shard-query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import { leavesOf } from '../account/account-conditions.ts';

export const DEFAULT_TIMEOUT_MS = 30_000;
export const EVERYONE: Expression = { and: [] };

export interface Asking {
  /** The time of the question. */
  readonly nowMs: number;
  /** Absent = the signal knows the time. */
  readonly timeoutMs?: number | undefined;
  readonly signal: CancelSignal | undefined;
  /** Whether traits are known as of the moment. Errors: history_not_kept. */
  readonly assertKept: (atMs: number) => void;
}

/** Errors: history_not_kept. */
export function askOptions(request: CheckedRequest, { nowMs, timeoutMs, signal, assertKept }: Asking): SelectOptions {
  const atMs = request.at === undefined ? undefined : parseIsoDateMs(request.at);
  const traits = namedTraits(request);
  if (atMs !== undefined && (traits.size > 0 || request.as === 'profiles')) assertKept(atMs);
  return { nowMs: atMs ?? nowMs, atMs, traits, signal, timeoutMs, passesOff: request.optimizer?.off };
}

/** Everything that a request puts to a shard's profiles. */
export function conditionsOf({ where = EVERYONE, overlap }: CheckedRequest): readonly Expression[] {
  return [where, ...(overlap?.segments.map((segment) => segment.where) ?? [])];
}

/** Accounts are an index over all shards, which no shard has. Errors: query_unsupported. */
export function assertOfShards(request: CheckedRequest): void {
  if (request.of === 'accounts') throw spreadOut('"of":"accounts"', 'of accounts');
  for (const condition of conditionsOf(request)) assertNoAccounts(condition);
}

/** Of a condition whose segments are expanded. Errors: query_unsupported. */
export function assertNoAccounts(condition: Expression): void {
  if (leavesOf(condition).length > 0) throw spreadOut('a condition on accounts', 'account');
}

function spreadOut(what: string, construct: string): EngineError {
  const message = `${what} is not answered by an engine that is spread over processes`;
  return new EngineError('query_unsupported', message, { details: { construct } });
}
