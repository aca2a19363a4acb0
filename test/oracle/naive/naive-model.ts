/**
 * The slow truth: every customer as plain objects, every question answered by looking at all of them, no index anywhere.
 * It says what the engine has to answer after the same batches in the same order.
 */

import { DEFAULT_IDENTITY_SETTINGS } from '../../../src/identity/default-settings.ts';
import type { ErrorCode } from '../../../src/model/error.ts';
import type { Expression } from '../../../src/model/expression.ts';
import type { IdentitySettings } from '../../../src/model/identity.ts';
import type { Identifier } from '../../../src/model/profile.ts';
import { evaluate } from './evaluator.ts';
import type { Moment } from './event-choice.ts';
import { type Circumstance, type Happening, happeningsOf } from './happening.ts';
import type { Brought } from './identifier-reader.ts';
import { IdentityGraph, type IdentityNode, keyOf, type Person, setName, wasMerged } from './identity-graph.ts';
import { NaiveRules } from './identity-rules.ts';
import { type ItemTiming, type ReadItem, readItem } from './item.ts';
import type { JsonObject } from './json-value.ts';
import { type NaiveProfile, profileOf, renderProfile } from './profile.ts';

export interface NaiveIngestResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly index: number; readonly code: ErrorCode }[];
}

export class NaiveModel {
  readonly #rules: NaiveRules;
  readonly #graph = new IdentityGraph();
  readonly #seenMessages = new Set<string>();
  /** Made when asked for. */
  #profiles: readonly NaiveProfile[] | undefined;
  /** What happened to people, and how often. */
  readonly happenings = new Map<Happening, number>();

  constructor(settings: IdentitySettings = DEFAULT_IDENTITY_SETTINGS) {
    this.#rules = new NaiveRules(settings);
  }

  ingest(items: readonly unknown[], timing: ItemTiming): NaiveIngestResult {
    const rejected: { index: number; code: ErrorCode }[] = [];
    let duplicates = 0;
    this.#profiles = undefined;
    for (const [index, item] of items.entries()) {
      const read = readItem(item, timing, this.#rules);
      const outcome = typeof read === 'string' ? read : this.#apply(read, timing.receivedAtMs);
      if (outcome === 'duplicate') duplicates += 1;
      else if (outcome !== 'applied') rejected.push({ index, code: outcome });
    }
    return { accepted: items.length - rejected.length, duplicates, rejected };
  }

  lookup(identifier: Identifier, eventCount = 0): JsonObject | undefined {
    const profile = this.profiles.find(({ identifiers }) =>
      identifiers.some((each) => keyOf(each) === keyOf(identifier)),
    );
    return profile === undefined ? undefined : renderProfile(profile, eventCount);
  }

  /** Ids of the profiles that an expression holds for. */
  query(expression: Expression, moment: Moment): Set<string> {
    const hits = this.profilesAt(moment.atMs).filter((profile) => evaluate(expression, profile, moment));
    return new Set(hits.map((profile) => profile.id));
  }

  get profiles(): readonly NaiveProfile[] {
    this.#profiles ??= this.#graph.persons().map((person) => profileOf(person));
    return this.#profiles;
  }

  /** The same people, with the traits that they had at the moment; absent = now. */
  profilesAt(atMs: number | undefined): readonly NaiveProfile[] {
    return atMs === undefined ? this.profiles : this.#graph.persons().map((person) => profileOf(person, atMs));
  }

  #apply(item: ReadItem, nowMs: number): 'applied' | 'duplicate' | ErrorCode {
    const { brought, isAlias, messageId } = item;
    const primary = brought.identifiers.find(({ type }) => this.#rules.canMerge(type));
    // Nobody is renamed to what identifies nobody.
    if (primary === undefined || (isAlias && !brought.identifiers[0].isUser)) {
      this.#note('an item of nobody');
      return 'no_identifier';
    }
    // A message id is that of the identifier that the item comes under: the same one under another is another message.
    const message = messageId === undefined ? undefined : JSON.stringify([primary.type, primary.value, messageId]);
    if (message !== undefined && this.#seenMessages.has(message)) {
      this.#note('a duplicate');
      const node = this.#graph.find(primary);
      if (node !== undefined && wasMerged(this.#graph.personOf(node))) this.#note('a duplicate after a merge');
      return 'duplicate';
    }
    if (message !== undefined) this.#seenMessages.add(message);
    const companions = brought.identifiers.filter((each) => each !== primary);
    const kept = this.#withinLimits(primary, companions, isAlias, nowMs);
    this.#noteAll({
      item,
      primary,
      companions,
      kept,
      graph: this.#graph,
      canMerge: (type) => this.#rules.canMerge(type),
    });
    if (!isAlias && this.#breaksLimit([primary, ...kept], nowMs, true)) {
      this.#note('a window lets in what the limit alone would not');
    }
    const node = this.#bringTogether(primary, kept, isAlias, nowMs);
    const { timeMs, traits, event, context } = item;
    const arrival = this.#graph.nextTurn();
    node.items.push({ timeMs, arrival, traits, event, context, messageId: messageId ?? '' });
    return 'applied';
  }

  /** The companions that may be linked to the primary: the weakest is left out until no limit is broken. */
  #withinLimits(primary: Brought, companions: readonly Brought[], isAlias: boolean, nowMs: number): readonly Brought[] {
    const own = this.#graph.find(primary);
    const person = own === undefined ? [] : this.#graph.personOf(own);
    const kept = companions.filter((each) => {
      const node = this.#graph.find(each);
      return this.#rules.canMerge(each.type) || node === undefined || person.includes(node);
    });
    while (!isAlias && kept.length > 0 && this.#breaksLimit([primary, ...kept], nowMs)) kept.pop();
    return kept;
  }

  /** Only a type of which there would be more than one of them has already is looked at. */
  #breaksLimit(identifiers: readonly Identifier[], nowMs: number, isForEver = false): boolean {
    const nodes = identifiers.map((each) => this.#graph.find(each)).filter((node) => node !== undefined);
    const persons = new Map(nodes.map((node) => this.#graph.personOf(node)).map((person) => [person[0], person]));
    const added = identifiers.filter((each) => this.#graph.find(each) === undefined);
    const all = [...added, ...[...persons.values()].flat().map(({ identifier }) => identifier)];
    return [...new Set(all.map(({ type }) => type))].some((type) => {
      const counts = [...persons.values()].map((person) =>
        this.#countInWindow(person, type, isForEver ? Number.NEGATIVE_INFINITY : nowMs),
      );
      const count = added.filter((each) => each.type === type).length + counts.reduce((sum, each) => sum + each, 0);
      return count > Math.max(this.#rules.limitOf(type), ...counts);
    });
  }

  /** How many the person got within the type's window. Kept to the second: those of the window's first second count. */
  #countInWindow(person: Person, type: string, nowMs: number): number {
    const sinceMs = nowMs - this.#rules.windowMsOf(type);
    const ofType = person.filter(({ identifier }) => identifier.type === type);
    return ofType.filter(({ atMs }) => Math.floor(atMs / 1_000) * 1_000 + 999 >= sinceMs).length;
  }

  /** Makes one person of all whom the item names; gives the primary's node. */
  #bringTogether(primary: Brought, companions: readonly Brought[], isAlias: boolean, nowMs: number): IdentityNode {
    const graph = this.#graph;
    const known = companions.map((each) => graph.find(each)).filter((node) => node !== undefined);
    const host = known.find(({ identifier }) => this.#rules.canMerge(identifier.type));
    const own = graph.find(primary);
    const node = own ?? (host === undefined ? graph.add(primary, nowMs) : graph.attach(primary, host, nowMs));
    for (const each of known) graph.join(node, each);
    for (const each of companions) if (graph.find(each) === undefined) graph.attach(each, node, nowMs);
    if (isAlias) setName(graph.personOf(node), node);
    return node;
  }

  #noteAll(circumstance: Circumstance): void {
    for (const happening of happeningsOf(circumstance)) this.#note(happening);
  }

  #note(happening: Happening): void {
    this.happenings.set(happening, (this.happenings.get(happening) ?? 0) + 1);
  }
}
