/**
 * Identity as `src/router/README.md` tells it, over plain objects: nodes are identifiers, links are pairs of them, a profile is what links hold
 * together. No rows, no shards, no logs; everything is worked out anew whenever it is asked for. Slow, and small enough to be read.
 */
import { Normaliser } from '../../src/identity/normaliser.ts';
import type { IdentifierRule, IdentitySettings } from '../../src/model/identity.ts';
import { foldCalls, type NaiveCall } from './naive-traits.ts';

export interface Item {
  readonly type: 'identify' | 'track' | 'alias';
  readonly messageId: string;
  readonly timestamp: string;
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly previousId?: string;
  readonly event?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly context?: {
    readonly source?: string;
    readonly externalIds?: readonly { readonly type: string; readonly id: string }[];
  };
}

/** `type:value`. */
export type Key = string;

interface Node {
  readonly type: string;
  readonly linkedAtMs: number;
}

interface Kept {
  readonly item: Item;
  readonly under: Key;
  readonly timeMs: number;
}

/** What there is to be said of a profile; lists in an order of their own. */
export interface Portrait {
  readonly identifiers: readonly Key[];
  readonly traits: unknown;
  readonly events: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly firstSeen: string;
  readonly lastSeen: string;
}

const DAY_MS = 86_400_000;
const WINDOWS_MS = { ever: Number.POSITIVE_INFINITY, weekly: 7 * DAY_MS, monthly: 30 * DAY_MS, annually: 365 * DAY_MS };

export class NaiveWorld {
  settings: IdentitySettings;
  readonly #nodes = new Map<Key, Node>();
  readonly #links = new Map<string, readonly [Key, Key]>();
  readonly #cut = new Set<string>();
  readonly #kept: Kept[] = [];
  readonly #seen = new Set<string>();
  /** Unions of two profiles so far. */
  mergeCount = 0;
  /** Pairs that were refused for a limit: where there is one, order matters. */
  readonly limitRefusals = new Set<string>();

  constructor(settings: IdentitySettings) {
    this.settings = settings;
  }

  /** False when the item identifies nobody. */
  ingest(item: Item, nowMs: number): boolean {
    const candidates = this.#candidatesOf(item);
    const primary = candidates.find(({ rule }) => rule.canMerge);
    if (primary === undefined) return false;
    if (item.type === 'alias' && candidates[0].key !== `user_id:${item.userId}`) return false;
    if (this.#seen.has(item.messageId)) return true;
    this.#seen.add(item.messageId);
    const companions = this.#allowed(primary, candidates, item.type === 'alias', nowMs);
    for (const { key, rule: _, type } of [primary, ...companions]) {
      if (!this.#nodes.has(key)) this.#nodes.set(key, { type, linkedAtMs: nowMs });
    }
    for (const { key } of companions) this.#link(primary.key, key);
    this.#kept.push({ item, under: primary.key, timeMs: Date.parse(item.timestamp) });
    return true;
  }

  /** The identifier that the item would come under by the rules as they are; undefined = it identifies nobody. */
  primaryOf(item: Item): Key | undefined {
    return this.#candidatesOf(item).find(({ rule }) => rule.canMerge)?.key;
  }

  /** Which of the item's other identifiers are linked with the primary. */
  #allowed(
    primary: Candidate,
    candidates: readonly Candidate[],
    isAlias: boolean,
    nowMs: number,
  ): readonly Candidate[] {
    const home = this.#nodes.has(primary.key) ? this.component(primary.key) : undefined;
    const companions = candidates.filter((candidate) => {
      if (candidate === primary) return false;
      // Weak evidence that another has says nothing.
      if (!candidate.rule.canMerge && this.#nodes.has(candidate.key) && home?.has(candidate.key) !== true) return false;
      return !this.#cut.has(pairOf(primary.key, candidate.key));
    });
    while (companions.length > 0 && !isAlias && this.#breaksLimit([primary, ...companions], nowMs)) {
      this.limitRefusals.add(pairOf(primary.key, companions.pop()!.key));
    }
    return companions;
  }

  #breaksLimit(candidates: readonly Candidate[], nowMs: number): boolean {
    const profiles: Set<Key>[] = [];
    const added: Candidate[] = [];
    for (const candidate of candidates) {
      if (!this.#nodes.has(candidate.key)) added.push(candidate);
      else if (!profiles.some((one) => one.has(candidate.key))) profiles.push(this.component(candidate.key));
    }
    if (profiles.length < 2 && added.length === 0) return false;
    const countIn = (profile: Iterable<Key>, type: string, sinceMs: number): number =>
      [...profile].map((key) => this.#nodes.get(key)!).filter((node) => node.type === type && isSince(node, sinceMs))
        .length;
    const types = new Set([
      ...added.map(({ type }) => type),
      ...profiles.flatMap((one) => [...one].map((key) => this.#nodes.get(key)!.type)),
    ]);
    return [...types].some((type) => {
      const { value, window } = this.#ruleOf(type).limit;
      const before = profiles.map((one) => countIn(one, type, nowMs - WINDOWS_MS[window]));
      const after = before.reduce((sum, one) => sum + one, 0) + added.filter((one) => one.type === type).length;
      return after > value && after > Math.max(0, ...before);
    });
  }

  #ruleOf(type: string): IdentifierRule {
    const { types } = this.settings;
    return types.find((rule) => rule.type === type) ?? types.find((rule) => rule.type === '*')!;
  }

  #candidatesOf(item: Item): Candidate[] {
    const normaliser = new Normaliser(this.settings);
    const found: Candidate[] = [];
    const add = (type: string, raw: unknown): void => {
      if (typeof raw !== 'string') return;
      const normal = normaliser.normalise(type, raw);
      if (!('value' in normal)) return;
      const key = `${type}:${normal.value}`;
      if (!found.some((one) => one.key === key)) found.push({ key, type, rule: this.#ruleOf(type) });
    };
    add('user_id', item.userId);
    if (item.type === 'alias') {
      // The old id may have been a user's or a visitor's.
      add('user_id', item.previousId);
      add('anonymous_id', item.previousId);
    } else add('anonymous_id', item.anonymousId);
    for (const { type, traits, limit } of this.settings.types) {
      if (item.type === 'identify' && limit.value > 0) for (const trait of traits) add(type, item.traits?.[trait]);
    }
    for (const { type, id } of item.context?.externalIds ?? []) add(type, id);
    if (item.type === 'alias') return found;
    return found.sort((a, b) => a.rule.priority - b.rule.priority || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
  }

  #link(a: Key, b: Key): void {
    if (!this.component(a).has(b)) this.mergeCount += 1;
    this.#links.set(pairOf(a, b), [a, b]);
  }

  has(key: Key): boolean {
    return this.#nodes.has(key);
  }

  get keys(): Key[] {
    return [...this.#nodes.keys()].sort();
  }

  /** Everything that links hold together with the identifier. */
  component(key: Key, links: Iterable<readonly [Key, Key]> = this.#links.values()): Set<Key> {
    const all = [...links];
    const found = new Set([key]);
    for (const at of found) {
      for (const [a, b] of all) {
        if (a === at) found.add(b);
        else if (b === at) found.add(a);
      }
    }
    return found;
  }

  linksOf(key: Key): (readonly [Key, Key])[] {
    const component = this.component(key);
    return [...this.#links.values()].filter(([a]) => component.has(a));
  }

  /** By a person's word: no limit, and a cut is taken back. */
  merge(a: Key, b: Key): void {
    this.#cut.delete(pairOf(a, b));
    this.#link(a, b);
  }

  /** False when other links hold the two ends together: then nothing is cut. */
  undoLink(a: Key, b: Key): boolean {
    const pair = pairOf(a, b);
    if (
      this.component(
        a,
        [...this.#links].filter(([one]) => one !== pair).map(([, ends]) => ends),
      ).has(b)
    )
      return false;
    this.#cutAll([[a, b]]);
    return true;
  }

  /** Cuts all links between `side` and the rest of the profile; gives how many there were. */
  separate(side: readonly Key[]): number {
    const crossing = this.linksOf(side[0]).filter(([a, b]) => side.includes(a) !== side.includes(b));
    this.#cutAll(crossing);
    return crossing.length;
  }

  /** As if somebody had cut the pair before anything came. */
  cutBeforehand(a: Key, b: Key): void {
    this.#cut.add(pairOf(a, b));
  }

  #cutAll(links: readonly (readonly [Key, Key])[]): void {
    const before = links.flatMap(([a]) => [...this.component(a)]);
    for (const [a, b] of links) {
      this.#links.delete(pairOf(a, b));
      this.#cut.add(pairOf(a, b));
    }
    // Whom nothing ever came under nobody would have heard of.
    for (const key of before) {
      if (!this.#nodes.has(key)) continue;
      const part = this.component(key);
      if (this.#kept.some(({ under }) => part.has(under))) continue;
      for (const one of part) this.#nodes.delete(one);
      for (const [pair, [a]] of this.#links) if (part.has(a)) this.#links.delete(pair);
    }
  }

  profiles(): Portrait[] {
    const portraits: Portrait[] = [];
    const done = new Set<Key>();
    for (const key of this.#nodes.keys()) {
      if (done.has(key)) continue;
      const component = this.component(key);
      for (const one of component) done.add(one);
      portraits.push(this.#portrait(component));
    }
    return inOrder(portraits);
  }

  #portrait(component: ReadonlySet<Key>): Portrait {
    const kept = this.#kept.filter(({ under }) => component.has(under));
    const events = kept.filter(({ item }) => item.type === 'track');
    const counts: Record<string, number> = {};
    for (const { item } of events) counts[item.event!] = (counts[item.event!] ?? 0) + 1;
    const calls = kept
      .filter(({ item }) => item.type !== 'track')
      .map(
        ({ item, under, timeMs }): NaiveCall => ({
          traits: item.traits ?? {},
          under,
          timeMs,
          source: item.context?.source,
        }),
      );
    const times = kept.map(({ timeMs }) => timeMs);
    return {
      identifiers: [...component].sort(),
      traits: foldCalls(calls, this.settings.survivorship),
      events: events
        .map(({ item }) => eventText(item.messageId, item.event!, item.timestamp, item.properties ?? {}))
        .sort(),
      counts,
      firstSeen: new Date(Math.min(...times)).toISOString(),
      lastSeen: new Date(Math.max(...times)).toISOString(),
    };
  }
}

interface Candidate {
  readonly key: Key;
  readonly type: string;
  readonly rule: IdentifierRule;
}

/** A profile keeps the time of an identifier to the second, rounded down, and gives the benefit of the doubt. */
function isSince({ linkedAtMs }: Node, sinceMs: number): boolean {
  return Math.floor(linkedAtMs / 1_000) * 1_000 + 999 >= sinceMs;
}

function pairOf(a: Key, b: Key): string {
  return a < b ? `${a} — ${b}` : `${b} — ${a}`;
}

export function eventText(messageId: string, event: string, timestamp: string, properties: unknown): string {
  return `${messageId} ${event} ${timestamp} ${JSON.stringify(properties)}`;
}

export function inOrder(portraits: readonly Portrait[]): Portrait[] {
  return [...portraits].sort((a, b) => (a.identifiers[0] < b.identifiers[0] ? -1 : 1));
}
