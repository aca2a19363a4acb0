/**
 * Profiles of the past and where their traits came from, by identifier. How far back is a setting: a moment before that is refused, because
 * values that were overwritten before it may be forgotten.
 */
import type { CancelSignal } from '../base/cancel-source.ts';
import { formatIsoDate } from '../base/iso-date.ts';
import { EngineError } from '../model/error.ts';
import type { TraitHistory, TraitHistoryRequest } from '../model/history.ts';
import type { Identifier, LookupOptions } from '../model/profile.ts';
import { pastProfile } from '../profile/history/past-profile.ts';
import { type ChangePlace, changesOf } from '../profile/history/trait-changes.ts';
import { callsByTime } from '../profile/trait-history.ts';
import { assertGoing } from '../query/execution/cancellation.ts';
import { inSlices, Pace } from '../query/execution/pace.ts';
import type { Router } from '../router/router.ts';
import type { Clock } from '../runtime/clock.ts';

const DEFAULT_CHANGE_LIMIT = 100;
export const CHANGE_LIMIT_MAX = 1_000;

export interface ProfileHistoryParts {
  readonly router: Router;
  readonly clock: Clock;
  /** 0 = everything is kept. */
  readonly retentionMs: number;
}

export class ProfileHistory {
  readonly #parts: ProfileHistoryParts;

  constructor(parts: ProfileHistoryParts) {
    this.#parts = parts;
  }

  /** From here on the past is whole; −∞ when nothing is ever forgotten. */
  get keptFromMs(): number {
    const { retentionMs, clock } = this.#parts;
    return retentionMs === 0 ? Number.NEGATIVE_INFINITY : clock.nowMs() - retentionMs;
  }

  /** Errors: history_not_kept. */
  assertKept(atMs: number): void {
    const fromMs = this.keptFromMs;
    if (atMs >= fromMs) return;
    throw new EngineError(
      'history_not_kept',
      `the history of traits is kept from ${formatIsoDate(fromMs)} on (setting historyRetention); ask for a later moment`,
      { details: { keptFrom: formatIsoDate(fromMs) } },
    );
  }

  /** A lookup with `at` or `verbose`, as JSON; undefined when nobody has the identifier, or nothing was known by then. Errors: history_not_kept. */
  lookupJson(identifier: Identifier, options: LookupOptions): Uint8Array | undefined {
    if (options.at !== undefined) this.assertKept(options.at);
    const address = this.#parts.router.locate(identifier);
    if (address === undefined) return undefined;
    const { shard, row } = address;
    const profile = pastProfile(shard.data, row, shard.renderer.idOf(row), options);
    return profile === undefined ? undefined : Buffer.from(JSON.stringify(profile));
  }

  /** Undefined when nobody has the identifier. Errors: invalid_request, invalid_cursor, query_cancelled. */
  async changes(
    identifier: Identifier,
    request: TraitHistoryRequest,
    signal?: CancelSignal | undefined,
  ): Promise<TraitHistory | undefined> {
    const { fromMs, untilMs, limit = DEFAULT_CHANGE_LIMIT, cursor, order, all, traits } = request;
    if (!Number.isInteger(limit) || limit < 1 || limit > CHANGE_LIMIT_MAX) {
      throw new EngineError('invalid_request', `"limit" must be a whole number from 1 to ${CHANGE_LIMIT_MAX}`);
    }
    const after = cursor === undefined ? undefined : decodePlace(cursor);
    const { router, clock } = this.#parts;
    const address = router.locate(identifier);
    if (address === undefined) return undefined;
    const { shard, row } = address;
    const id = shard.renderer.idOf(row);
    const range = {
      traits,
      fromMs: Math.max(fromMs ?? Number.NEGATIVE_INFINITY, this.keptFromMs),
      untilMs: untilMs ?? Number.POSITIVE_INFINITY,
      limit,
      isDescending: order === 'desc',
      after,
      isAll: all === true,
    };
    const pace = new Pace();
    const { changes, next } = await inSlices(
      changesOf(shard.data, callsByTime(shard.data.history, row), range),
      (costNs) => (pace.spend(costNs) ? clock.yieldTurn().then(() => assertGoing(signal)) : undefined),
    );
    return { id, changes, ...(next === undefined ? {} : { cursor: encodePlace(next) }) };
  }
}

function encodePlace({ timeMs, call, trait }: ChangePlace): string {
  return Buffer.from(`h1:${timeMs}:${call}:${trait}`, 'latin1').toString('base64url');
}

/** Errors: invalid_cursor. */
function decodePlace(cursor: string): ChangePlace {
  const match = /^h1:(-?\d{1,16}):(\d{1,10}):(\d{1,10})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match === null) throw new EngineError('invalid_cursor', 'the cursor is not one of ours; start again without it');
  return { timeMs: Number(match[1]), call: Number(match[2]), trait: Number(match[3]) };
}
