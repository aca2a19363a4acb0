/**
 * A profile's traits from its calls, by the rules of survivorship as `src/profile/survivorship.ts` words them: each identifier brings the
 * traits that calls under it gave, folded by themselves; the trait's rule picks among those. Where what is picked lies above and below each
 * other, the newest word is shown. No two calls have the same time.
 */
import type { SurvivorshipRule, TraitSurvivorship } from '../../src/model/identity.ts';

export interface NaiveCall {
  readonly traits: Readonly<Record<string, unknown>>;
  /** The identifier that it came under. */
  readonly under: string;
  readonly timeMs: number;
  readonly source: string | undefined;
}

interface Word {
  readonly value: unknown;
  readonly call: NaiveCall;
}

type Fold = Map<string, Word>;

/** The tree of traits. Objects are never empty. */
export function foldCalls(all: readonly NaiveCall[], rules: readonly TraitSurvivorship[]): Record<string, unknown> {
  const calls = [...all].sort((a, b) => a.timeMs - b.timeMs);
  const shown = plainFold(calls);
  const folds = [...new Set(calls.map(({ under }) => under))].map((one) =>
    plainFold(calls.filter(({ under }) => under === one)),
  );
  const picked: { readonly path: string; readonly value: unknown; readonly newest: NaiveCall }[] = [];
  for (const path of new Set(calls.flatMap(({ traits }) => leavesOf(traits).map(([one]) => one)))) {
    const rule = rules.find(({ trait }) => trait === path) ?? rules.find(({ trait }) => trait === '*');
    if (rule === undefined || rule.rule === 'newest') continue;
    shown.delete(path);
    const choice = folds.flatMap((fold) => fold.get(path) ?? []).sort((a, b) => a.call.timeMs - b.call.timeMs);
    if (choice.length === 0) continue;
    const newest = choice[choice.length - 1].call;
    picked.push({ path, value: survivor(choice, saidOf(calls, path), rule), newest });
  }
  for (const { path, value, newest } of picked.sort((a, b) => b.newest.timeMs - a.newest.timeMs)) {
    if (![...shown.keys()].some((other) => isWithin(other, path) || isWithin(path, other)))
      shown.set(path, { value, call: newest });
  }
  const tree: Record<string, unknown> = {};
  for (const [path, { value }] of shown) {
    const names = path.split('.');
    let at = tree;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[names[names.length - 1]] = value;
  }
  return inOrder(tree);
}

/** Without rules: each call in its turn. */
function plainFold(calls: readonly NaiveCall[]): Fold {
  const fold: Fold = new Map();
  for (const call of calls) {
    for (const [path, value] of leavesOf(call.traits)) {
      for (const other of [...fold.keys()]) {
        if (isWithin(other, path) || (value !== null && isWithin(path, other))) fold.delete(other);
      }
      if (value !== null) fold.set(path, { value, call });
    }
  }
  return fold;
}

/** The same path, or one below. */
function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}.`);
}

/** What calls said of the trait, in order of time; removals are none. */
function saidOf(calls: readonly NaiveCall[], path: string): Word[] {
  return calls.flatMap((call) =>
    leavesOf(call.traits).flatMap(([one, value]): Word[] => (one === path && value !== null ? [{ value, call }] : [])),
  );
}

/** By path; lists are values. */
export function leavesOf(traits: Readonly<Record<string, unknown>>, above = ''): [path: string, value: unknown][] {
  return Object.entries(traits).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leavesOf(value as Record<string, unknown>, `${above}${name}.`)
      : [[`${above}${name}`, value]],
  );
}

function inOrder(tree: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(tree)
      .sort()
      .map((name) => {
        const value = tree[name];
        const isTree = typeof value === 'object' && value !== null && !Array.isArray(value);
        return [name, isTree ? inOrder(value as Record<string, unknown>) : value];
      }),
  );
}

/** `choice` are the identifiers' own words, `said` all of them, both in order of time. */
function survivor(choice: readonly Word[], said: readonly Word[], { rule, sources }: TraitSurvivorship): unknown {
  const newest = choice[choice.length - 1].value;
  const numbers = choice.map(({ value }) => value).filter((value) => typeof value === 'number');
  const by: Record<SurvivorshipRule, () => unknown> = {
    newest: () => newest,
    oldest: () => choice[0].value,
    max: () => (numbers.length === 0 ? newest : Math.max(...numbers)),
    min: () => (numbers.length === 0 ? newest : Math.min(...numbers)),
    sum: () => (numbers.length === 0 ? newest : numbers.reduce((sum, one) => sum + one, 0)),
    union: () => {
      if (choice.length === 1) return newest;
      const elements = choice.flatMap(({ value }) => (Array.isArray(value) ? (value as unknown[]) : [value]));
      return [...new Set(elements.map((one) => JSON.stringify(one)))].map((one) => JSON.parse(one) as unknown);
    },
    most_frequent: () => {
      const texts = said.map(({ value }) => JSON.stringify(value));
      const countOf = (text: string): number => texts.filter((one) => one === text).length;
      const most = Math.max(...texts.map(countOf));
      return JSON.parse(texts.findLast((text) => countOf(text) === most)!) as unknown;
    },
    source_priority: () => {
      const rankOf = ({ call }: Word): number => {
        const rank = call.source === undefined ? -1 : sources.indexOf(call.source);
        return rank < 0 ? sources.length : rank;
      };
      const best = Math.min(...choice.map(rankOf));
      return choice.findLast((word) => rankOf(word) === best)!.value;
    },
  };
  return by[rule]();
}
