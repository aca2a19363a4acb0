/** What may happen to an engine's identities, and the same done to the naive world. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { readIdentitySettings } from '../../src/identity/settings.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import { type Host, identifierOf } from './host.ts';
import type { Item, Key, NaiveWorld } from './naive-world.ts';
import { type ItemSeed, itemOf, itemSeed } from './stream.ts';
import { inOrderOfIds, mergeTrialOf, putTriedRules, unmergeTrialOf } from './trial.ts';

export type Command =
  | { readonly kind: 'items'; readonly items: readonly ItemSeed[] }
  /** The n-th item once more. */
  | { readonly kind: 'again'; readonly nth: number }
  | { readonly kind: 'merge'; readonly a: number; readonly b: number }
  /** Undoes the n-th link of somebody's journal. */
  | { readonly kind: 'undo'; readonly who: number; readonly nth: number }
  /** Separates the identifiers whose bits are set. */
  | { readonly kind: 'separate'; readonly who: number; readonly bits: number }
  | { readonly kind: 'rules'; readonly nth: number }
  | { readonly kind: 'wait'; readonly days: number }
  | { readonly kind: 'restart' };

const WIDE = 60_000;
/** Rules under which nothing is refused. */
export const OPEN_RULES: IdentitySettings = readIdentitySettings({
  types: ['user_id', 'email', 'anonymous_id', 'crm_id', 'loyalty', 'fingerprint', '*'].map((type) => ({
    type,
    limit: WIDE,
  })),
});

/** The same, and every type joins: the order of items makes no difference. */
export const FREE_RULES: IdentitySettings = readIdentitySettings({
  types: OPEN_RULES.types.map((rule) => ({ ...rule, canMerge: true })),
});

export const RULES: readonly IdentitySettings[] = [
  readIdentitySettings({}),
  readIdentitySettings({
    types: [
      { type: 'user_id', limit: 2 },
      { type: 'anonymous_id', limit: { value: 2, window: 'weekly' } },
      { type: 'email', limit: 1, priority: 0 },
      { type: 'crm_id', limit: { value: 1, window: 'monthly' }, blocked: ['x1'] },
    ],
    survivorship: [
      { trait: '*', rule: 'newest' },
      { trait: 'score', rule: 'sum' },
      { trait: 'plan', rule: 'most_frequent' },
      { trait: 'tags', rule: 'union' },
    ],
  }),
  readIdentitySettings({
    types: [
      { type: 'user_id', limit: 1 },
      { type: 'anonymous_id', canMerge: false },
      { type: 'loyalty', limit: 0 },
      { type: '*', limit: 3 },
    ],
    survivorship: [
      { trait: '*', rule: 'oldest' },
      { trait: 'plan', rule: 'source_priority', sources: ['crm', 'app'] },
    ],
  }),
  OPEN_RULES,
];

export interface CommandOptions {
  readonly people: number;
  readonly hasWeak: boolean;
  readonly kinds: readonly Command['kind'][];
  readonly maxLength: number;
  readonly ruleCount?: number;
}

export function commands({
  people,
  hasWeak,
  kinds,
  maxLength,
  ruleCount = RULES.length,
}: CommandOptions): fc.Arbitrary<Command[]> {
  const makers: Record<Command['kind'], fc.Arbitrary<Command>> = {
    items: fc.record({
      kind: fc.constant('items'),
      items: fc.array(itemSeed({ people, hasWeak }), { minLength: 1, maxLength: 5 }),
    }),
    again: fc.record({ kind: fc.constant('again'), nth: fc.nat(100) }),
    merge: fc.record({ kind: fc.constant('merge'), a: fc.nat(50), b: fc.nat(50) }),
    undo: fc.record({ kind: fc.constant('undo'), who: fc.nat(50), nth: fc.nat(5) }),
    separate: fc.record({ kind: fc.constant('separate'), who: fc.nat(50), bits: fc.nat(255) }),
    rules: fc.record({ kind: fc.constant('rules'), nth: fc.nat(ruleCount - 1) }),
    wait: fc.record({ kind: fc.constant('wait'), days: fc.constantFrom(1, 3, 7, 31) }),
    restart: fc.record({ kind: fc.constant('restart') }),
  };
  const weighted = kinds.map((kind) => ({ weight: kind === 'items' ? 8 : 2, arbitrary: makers[kind] }));
  return fc.array(fc.oneof(...weighted), { maxLength, size: 'max' });
}

export interface StageOptions {
  /** What the command `rules` chooses from. */
  readonly rules?: readonly IdentitySettings[];
  /** Every request is tried first: that changes nothing, and tells what comes of it. */
  readonly isTriedFirst?: boolean;
}

/** Engines of several shard counts and the naive world, kept in step. */
export class Stage {
  readonly naive: NaiveWorld;
  hosts: Host[];
  readonly #rules: readonly IdentitySettings[];
  readonly #isTriedFirst: boolean;
  readonly sent: Item[] = [];
  /** By item, the identifier that it came under; undefined = it identified nobody. */
  readonly #primaries: (Key | undefined)[] = [];

  constructor(naive: NaiveWorld, hosts: readonly Host[], { rules = RULES, isTriedFirst = false }: StageOptions = {}) {
    this.naive = naive;
    this.hosts = [...hosts];
    this.#rules = rules;
    this.#isTriedFirst = isTriedFirst;
  }

  async play(command: Command): Promise<void> {
    for (const host of this.hosts) host.advance(1_000);
    switch (command.kind) {
      case 'items':
        return this.send(command.items.map((seed, i) => itemOf(seed, this.sent.length + i)));
      case 'again': {
        if (this.sent.length === 0) return;
        const nth = command.nth % this.sent.length;
        // A message id is that of the identifier that it comes under, and other rules may have made that another one.
        const primary = this.#primaries[nth];
        if (primary === undefined || this.naive.primaryOf(this.sent[nth]) !== primary) return;
        for (const host of this.hosts) await host.ingest([this.sent[nth]]);
        return;
      }
      case 'merge':
        return this.#merge(command.a, command.b);
      case 'undo':
        return this.#undo(command.who, command.nth);
      case 'separate':
        return this.#separate(command.who, command.bits);
      case 'rules': {
        const rules = this.#rules[command.nth];
        this.naive.settings = rules;
        for (const { engine } of this.hosts) {
          if (this.#isTriedFirst) await putTriedRules(engine, rules);
          else await engine.setIdentitySettings(rules);
        }
        return;
      }
      case 'wait':
        for (const host of this.hosts) host.advance(command.days * 86_400_000);
        return;
      case 'restart': {
        const next: Host[] = [];
        for (const host of this.hosts) next.push(await host.reopened());
        this.hosts = next;
        return;
      }
    }
  }

  async send(items: readonly Item[]): Promise<void> {
    const expected = items.map((item) => this.naive.ingest(item, this.hosts[0].nowMs));
    for (const host of this.hosts) {
      const { rejected } = await host.ingest(items);
      const refused = rejected.map(({ index }) => index);
      expect(refused).toEqual(expected.flatMap((isTaken, index) => (isTaken ? [] : [index])));
      expect(rejected.every(({ code }) => code === 'no_identifier')).toBe(true);
    }
    this.sent.push(...items);
    items.forEach((item, i) => {
      this.#primaries.push(expected[i] ? this.naive.primaryOf(item) : undefined);
    });
  }

  async #merge(i: number, j: number): Promise<void> {
    const { keys } = this.naive;
    if (keys.length < 2) return;
    const [a, b] = [keys[i % keys.length], keys[j % keys.length]];
    const isOne = this.naive.component(a).has(b);
    for (const { engine } of this.hosts) {
      const request = { into: identifierOf(a), from: identifierOf(b) };
      const trial = this.#isTriedFirst && !isOne ? await mergeTrialOf(engine, request) : undefined;
      const merged = engine.mergeProfiles(request);
      if (isOne) await expect(merged).rejects.toMatchObject({ code: 'merge_refused' });
      else expect(await merged).toEqual({ ...(trial ?? (await merged)), isDone: true });
    }
    if (!isOne) this.naive.merge(a, b);
  }

  async #undo(who: number, nth: number): Promise<void> {
    const { keys } = this.naive;
    if (keys.length === 0) return;
    const key = keys[who % keys.length];
    const entries = mergesOf(this.hosts[0], key);
    if (entries.length === 0) return;
    const { id, from, to } = entries[nth % entries.length];
    const isInForce = this.naive.linksOf(key).some(([a, b]) => (a === from && b === to) || (a === to && b === from));
    const isDone = isInForce && this.naive.undoLink(from, to);
    for (const { engine } of this.hosts) {
      const request = { profile: identifierOf(key), merge: id };
      const trial = this.#isTriedFirst && isInForce ? await unmergeTrialOf(engine, request) : undefined;
      const undone = engine.unmergeProfile(request);
      if (!isInForce) await expect(undone).rejects.toMatchObject({ code: 'merge_not_found' });
      else expect(inOrderOfIds(await undone)).toEqual({ ...(trial ?? inOrderOfIds(await undone)), isDone });
    }
  }

  async #separate(who: number, bits: number): Promise<void> {
    const { keys } = this.naive;
    if (keys.length === 0) return;
    const key = keys[who % keys.length];
    const side = [...this.naive.component(key)].sort().filter((_, i) => (bits & (1 << (i % 8))) !== 0);
    if (side.length === 0) return;
    const cut = this.naive.separate(side);
    for (const { engine } of this.hosts) {
      const request = { profile: identifierOf(key), identifiers: side.map(identifierOf) };
      const trial = this.#isTriedFirst && cut > 0 ? await unmergeTrialOf(engine, request) : undefined;
      const separated = engine.unmergeProfile(request);
      if (cut === 0) await expect(separated).rejects.toMatchObject({ code: 'invalid_request' });
      else expect((await separated).cut).toHaveLength(cut);
      if (trial !== undefined) expect(inOrderOfIds(await separated)).toEqual({ ...trial, isDone: true });
    }
  }
}

/** In an order of their own. */
export function mergesOf({ engine }: Host, key: Key): { readonly id: string; readonly from: Key; readonly to: Key }[] {
  const journal = engine.identityGraph(identifierOf(key))?.journal ?? [];
  return journal.filter(({ kind }) => kind === 'merge').sort((a, b) => (a.id < b.id ? -1 : 1));
}
