/**
 * Whether a profile, several that are to become one, and identifiers that are to come, would have more identifiers of a type than its rule allows.
 * What is there already breaks nothing: only a type that grows beyond what one of the profiles has can.
 */
import type { RuleTable } from '../identity/rule-table.ts';
import type { LimitWindow } from '../model/identity.ts';
import type { RefusalReason } from '../model/identity-journal.ts';
import type { Identifier } from '../model/profile.ts';
import { PROFILE_IDENTIFIER_LIMIT } from '../profile/identifier-store.ts';
import type { ShardData } from '../profile/shard-data.ts';
import type { ProfileAddress } from './profile-address.ts';

const DAY_MS = 86_400_000;
const WINDOW_MS: Record<LimitWindow, number> = {
  ever: Number.POSITIVE_INFINITY,
  weekly: 7 * DAY_MS,
  monthly: 30 * DAY_MS,
  annually: 365 * DAY_MS,
};

/** When identifiers of a type came to a profile, oldest first. */
type Times = Map<string, number[]>;

/** Profiles with more identifiers than this are counted once and followed from there. */
const REMEMBER_FROM_COUNT = 64;
const REMEMBERED_MAX = 256;

interface Remembered {
  /** Code of the newest identifier counted. */
  readonly head: number;
  readonly times: Times;
}

export class IdentifierLimits {
  readonly #rules: RuleTable;
  readonly #remembered = new WeakMap<ShardData, Map<number, Remembered>>();

  constructor(rules: RuleTable) {
    this.#rules = rules;
  }

  /** Why `profiles` with `added`, identifiers that nobody has, cannot be one profile; undefined when they can. */
  fault(profiles: readonly ProfileAddress[], added: readonly Identifier[], nowMs: number): RefusalReason | undefined {
    if (profiles.length < 2 && added.length === 0) return undefined;
    let total = added.length;
    for (const { shard, row } of profiles) total += shard.data.identifierCountOf(row);
    if (total > PROFILE_IDENTIFIER_LIMIT) return 'full';
    const times = profiles.map(({ shard, row }) => this.#timesOf(shard.data, row));
    const types = new Set(added.map(({ type }) => type));
    if (profiles.length > 1) for (const one of times) for (const type of one.keys()) types.add(type);
    for (const type of types) {
      const { limit } = this.#rules.of(type);
      const sinceMs = nowMs - WINDOW_MS[limit.window];
      let count = 0;
      for (const identifier of added) if (identifier.type === type) count += 1;
      let most = 0;
      for (const one of times) {
        const inWindow = countSince(one.get(type), sinceMs);
        count += inWindow;
        most = Math.max(most, inWindow);
      }
      if (count > limit.value && count > most) return 'limit';
    }
    return undefined;
  }

  #timesOf(data: ShardData, row: number): Times {
    const head = data.profiles.identifierHeads.get(row);
    const isLarge = data.identifierCountOf(row) > REMEMBER_FROM_COUNT;
    let kept = this.#remembered.get(data);
    const known = isLarge ? kept?.get(row) : undefined;
    if (known?.head === head) return known.times;
    const { identifiers } = data;
    const times: Times = known?.times ?? new Map();
    const codes: number[] = [];
    let code = head;
    for (; code !== 0 && code !== known?.head; code = identifiers.nextOf(code)) codes.push(code);
    if (known !== undefined && code === 0) times.clear();
    for (let i = codes.length - 1; i >= 0; i--) {
      const type = identifiers.typeOf(codes[i]);
      const list = times.get(type);
      if (list === undefined) times.set(type, [identifiers.linkedAtMsOf(codes[i])]);
      else insertInOrder(list, identifiers.linkedAtMsOf(codes[i]));
    }
    if (isLarge) {
      if (kept === undefined) {
        kept = new Map();
        this.#remembered.set(data, kept);
      }
      if (kept.size >= REMEMBERED_MAX) kept.clear();
      kept.set(row, { head, times });
    }
    return times;
  }
}

/** Nearly all come in order; those of a profile that was merged may not. */
function insertInOrder(times: number[], time: number): void {
  if (times[times.length - 1] <= time) times.push(time);
  else times.splice(firstSince(times, time), 0, time);
}

/** Index of the first that is at or after `sinceMs`. */
function firstSince(times: readonly number[], sinceMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] >= sinceMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** An identifier's time is kept to the second, rounded down. */
function countSince(times: readonly number[] | undefined, sinceMs: number): number {
  return times === undefined ? 0 : times.length - firstSince(times, sinceMs - 999);
}
