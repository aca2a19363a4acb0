/**
 * The identifiers that an item brings, in normal form, strongest first: its userId and anonymousId, traits and context fields
 * that the settings name, `context.externalIds`. What identifies nobody is left out, and counted by its reason.
 */

import { Normaliser } from '../identity/normaliser.ts';
import { type ContextCarrier, isContextEqual, RuleTable, traitSources } from '../identity/rule-table.ts';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_TRAITS } from '../ingest/name-interner.ts';
import { decodeUtf8 } from '../memory/byte-heap.ts';
import type { IdentifierRule, IdentitySettings } from '../model/identity.ts';
import type { Identifier } from '../model/profile.ts';
import { readExternalIds } from './external-id.ts';

/** Where in the item a candidate stands as it is, so that the log need not repeat it. */
export type RawField = 'user' | 'anonymous' | undefined;

export interface Candidate extends Identifier {
  readonly rule: IdentifierRule;
  readonly field: RawField;
}

/** A longer text stays a trait only. */
const IDENTIFIER_SIZE_MAX_BYTES = 512;

/** What a path may carry. */
interface PathCarrier {
  readonly trait: string | undefined;
  readonly context: readonly ContextCarrier[] | undefined;
}

export class CandidateReader {
  readonly rules: RuleTable;
  readonly normaliser: Normaliser;
  readonly #names: NameInterner;
  readonly #traits: ReadonlyMap<string, string>;
  readonly #context: ReadonlyMap<string, readonly ContextCarrier[]>;
  /** By path id; null = carries none. */
  readonly #carriers: (PathCarrier | null | undefined)[] = [];

  constructor(settings: IdentitySettings, names: NameInterner) {
    this.rules = new RuleTable(settings);
    this.normaliser = new Normaliser(settings);
    this.#names = names;
    const sources = traitSources(settings);
    this.#traits = sources.traits;
    this.#context = sources.context;
  }

  /** Whether the item may bring more than its userId and anonymousId. Costs a look at each leaf. */
  bringsMore(tape: EventTape, item: number): boolean {
    const base = item * tapeOf.ITEM_STRIDE;
    const { items, leaves } = tape;
    if (items[base + tapeOf.ITEM_EXTERNAL_IDS] >= 0) return true;
    const end = items[base + tapeOf.ITEM_LEAF_END] * tapeOf.LEAF_STRIDE;
    for (let at = items[base + tapeOf.ITEM_LEAF_START] * tapeOf.LEAF_STRIDE; at < end; at += tapeOf.LEAF_STRIDE) {
      const carrier = this.#carriers[leaves[at]];
      if (carrier !== null && (carrier !== undefined || this.#learn(leaves[at]) !== null)) return true;
    }
    return false;
  }

  #learn(path: number): PathCarrier | null {
    const root = this.#names.rootOf(path);
    const segments = this.#names.segmentsOf(path);
    let carrier: PathCarrier | null = null;
    if (root === ROOT_TRAITS) {
      const trait = this.#traits.get(segments.join('.'));
      if (trait !== undefined) carrier = { trait, context: undefined };
    } else if (root === ROOT_CONTEXT) {
      // Calls that are no identify carry traits in their context.
      const trait = segments[0] === 'traits' ? this.#traits.get(segments.slice(1).join('.')) : undefined;
      const context = this.#context.get(`context.${segments.join('.')}`);
      if (trait !== undefined || context !== undefined) carrier = { trait, context };
    }
    this.#carriers[path] = carrier;
    return carrier;
  }

  /** Strongest first. `refused` is told of what identifies nobody. */
  read(tape: EventTape, item: number, refused: (reason: string) => void): Candidate[] {
    const found: Candidate[] = [];
    const add = (type: string, raw: string, field: RawField): void => {
      const normal = this.normaliser.normalise(type, raw);
      if ('refusal' in normal) {
        if (normal.refusal !== 'empty' && normal.refusal !== 'type_off') refused(`identifier_${normal.refusal}`);
        return;
      }
      const { value } = normal;
      if (Buffer.byteLength(value) > IDENTIFIER_SIZE_MAX_BYTES) return;
      if (found.some((other) => other.type === type && other.value === value)) return;
      found.push({ type, value, rule: this.rules.of(type), field: value === raw ? field : undefined });
    };
    const base = item * tapeOf.ITEM_STRIDE;
    const { items } = tape;
    const isAlias = items[base + tapeOf.ITEM_KIND] === tapeOf.KIND_ALIAS;
    const addField = (type: string, field: number, rawField: RawField): void => {
      const raw = textOf(tape, field);
      if (raw === undefined) return;
      // The usual id is in order as it is.
      if (this.normaliser.isNormal(type, tape.bytes, items[field], items[field + 1])) {
        if (!found.some((other) => other.type === type && other.value === raw)) {
          found.push({ type, value: raw, rule: this.rules.of(type), field: rawField });
        }
      } else add(type, raw, rawField);
    };
    addField('user_id', base + tapeOf.ITEM_USER, 'user');
    // The old name of an alias call may be either.
    if (isAlias) addField('user_id', base + tapeOf.ITEM_ANONYMOUS, undefined);
    addField('anonymous_id', base + tapeOf.ITEM_ANONYMOUS, 'anonymous');
    this.#readLeaves(tape, base, add);
    if (items[base + tapeOf.ITEM_EXTERNAL_IDS] >= 0) {
      for (const { type, value } of readExternalIds(tape, items[base + tapeOf.ITEM_EXTERNAL_IDS]))
        add(type, value, undefined);
    }
    if (isAlias) return found;
    return found.sort((a, b) => this.rules.compare(a.type, b.type));
  }

  #readLeaves(tape: EventTape, base: number, add: (type: string, raw: string, field: RawField) => void): void {
    const { items, leaves } = tape;
    const end = items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = items[base + tapeOf.ITEM_LEAF_START]; leaf < end; leaf++) {
      const path = leaves[leaf * tapeOf.LEAF_STRIDE];
      const known = this.#carriers[path];
      const carrier = known === undefined ? this.#learn(path) : known;
      if (carrier === null) continue;
      const value = leafValue(tape, leaf);
      const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
      if (typeof text !== 'string') continue;
      if (carrier.trait !== undefined) add(carrier.trait, text, undefined);
      for (const { type, when } of carrier.context ?? []) {
        if (when.every((condition) => isContextEqual(this.#contextValue(tape, base, condition.path), condition))) {
          add(type, text, undefined);
          break;
        }
      }
    }
  }

  /** The value at `context.…` of the item. */
  #contextValue(tape: EventTape, base: number, dotted: string): unknown {
    const segments = dotted.split('.').slice(1);
    const path = this.#names.path(ROOT_CONTEXT, segments);
    const end = tape.items[base + tapeOf.ITEM_LEAF_END];
    for (let leaf = tape.items[base + tapeOf.ITEM_LEAF_START]; leaf < end; leaf++) {
      if (tape.leaves[leaf * tapeOf.LEAF_STRIDE] === path) return leafValue(tape, leaf);
    }
    return undefined;
  }
}

function textOf(tape: EventTape, field: number): string | undefined {
  const length = tape.items[field + 1];
  return length < 0 ? undefined : decodeUtf8(tape.bytes, tape.items[field], length);
}

function leafValue(tape: EventTape, leaf: number): unknown {
  const at = leaf * tapeOf.LEAF_STRIDE;
  switch (tape.leaves[at + tapeOf.LEAF_TYPE]) {
    case tapeOf.LEAF_STRING: {
      const length = tape.leaves[at + tapeOf.LEAF_LENGTH];
      if (length > IDENTIFIER_SIZE_MAX_BYTES) return undefined;
      return decodeUtf8(tape.bytes, tape.leaves[at + tapeOf.LEAF_OFFSET], length);
    }
    case tapeOf.LEAF_NUMBER:
      return tape.numbers[leaf];
    case tapeOf.LEAF_TRUE:
      return true;
    case tapeOf.LEAF_FALSE:
      return false;
    default:
      return undefined;
  }
}
