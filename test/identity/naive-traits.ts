/**
 * A profile's traits from its calls, by the rules of survivorship as `src/profile/survivorship.ts` words them: each identifier brings the
 * newest value that calls under it gave, the trait's rule picks among those. No two calls have the same time.
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

/** The tree of traits, as JSON with sorted names. Traits are scalars, lists, or one level of object. */
export function foldCalls(all: readonly NaiveCall[], rules: readonly TraitSurvivorship[]): Record<string, unknown> {
  const calls = [...all].sort((a, b) => a.timeMs - b.timeMs);
  const paths = [...new Set(calls.flatMap(({ traits }) => leavesOf(traits).map(([path]) => path)))].sort();
  const tree: Record<string, unknown> = {};
  for (const path of paths) {
    const words = calls.flatMap((call) =>
      leavesOf(call.traits).flatMap(([one, value]): Word[] => (one === path ? [{ value, call }] : [])),
    );
    const rule = rules.find(({ trait }) => trait === path) ?? rules.find(({ trait }) => trait === '*');
    const value = rule === undefined || rule.rule === 'newest' ? words[words.length - 1].value : survivor(words, rule);
    if (value === null || value === undefined) continue;
    const [name, below] = path.split('.');
    if (below === undefined) tree[name] = value;
    else tree[name] = { ...(tree[name] as object | undefined), [below]: value };
  }
  return tree;
}

function leavesOf(traits: Readonly<Record<string, unknown>>): [path: string, value: unknown][] {
  return Object.entries(traits).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([below, leaf]) => [`${name}.${below}`, leaf])
      : [[name, value]],
  );
}

/** `words` in the order of time. */
function survivor(words: readonly Word[], { rule, sources }: TraitSurvivorship): unknown {
  const lastBy = new Map(words.map((word) => [word.call.under, word]));
  const choice = words.filter((word) => lastBy.get(word.call.under) === word && word.value !== null);
  if (choice.length === 0) return null;
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
      const said = words.filter(({ value }) => value !== null).map(({ value }) => JSON.stringify(value));
      const countOf = (text: string): number => said.filter((one) => one === text).length;
      const most = Math.max(...said.map(countOf));
      return JSON.parse(said.findLast((text) => countOf(text) === most)!) as unknown;
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
