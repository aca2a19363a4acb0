/**
 * Names of a question that nobody ever sent. A name is known when any shard has a column that its path reaches: exactly, below (an
 * object), or through an array. What was known once stays known, so repeated questions cost one look into a set.
 */
import { joinPath, splitPath } from '../base/path.ts';
import { GROUP_JOINED } from '../model/call-event.ts';
import type { Collection, Expression, QueryWarning } from '../model/query.ts';
import type { EventTable } from '../profile/event-table.ts';
import type { ValueColumn } from '../profile/value-column.ts';
import { isNothing, reachPath, reachProperty } from '../query/binder/path-reach.ts';
import type { CheckedRequest } from '../query/parser/check-request.ts';
import { placesInText } from '../query/parser/parse-text.ts';
import { nearestWord, quoted, suggestionText } from '../query/parser/suggestion.ts';
import type { Shard } from '../shard/shard.ts';
import { type NameVisitor, visitAnalysis, visitExpression } from './name-walk.ts';

/** Warnings of one question: beyond that the list helps nobody. */
const WARNING_COUNT_MAX = 20;
const CANDIDATE_COUNT_MAX = 20_000;
const KNOWN_COUNT_MAX = 100_000;
/** Traits that the engine keeps itself. */
const OWN_TRAITS: readonly string[] = ['first_seen', 'last_seen'];

interface Unknown {
  readonly message: string;
  readonly name: string;
  readonly candidates: () => Iterable<string>;
  readonly pointer: string;
}

export class NameCheck {
  readonly #shards: readonly Shard[];
  readonly #known = new Set<string>();

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  /** `text`: the condition as it was written, if it was. */
  ofRequest(request: CheckedRequest, text: string | undefined): readonly QueryWarning[] {
    const rest: Unknown[] = [];
    const inWhere = request.where === undefined ? [] : this.#unknownOf(request.where, request.of);
    visitAnalysis(this.#visitor(rest), request);
    return [...warningsOf(inWhere, text), ...warningsOf(rest, undefined)].slice(0, WARNING_COUNT_MAX);
  }

  ofExpression(expression: Expression, text: string | undefined): readonly QueryWarning[] {
    return warningsOf(this.#unknownOf(expression), text);
  }

  #unknownOf(expression: Expression, of?: Collection | undefined): Unknown[] {
    const found: Unknown[] = [];
    visitExpression(this.#visitor(found), expression, '', of);
    return found;
  }

  #visitor(found: Unknown[]): NameVisitor {
    const seen = new Set<string>();
    const add = (key: string, unknown: Unknown): void => {
      if (seen.has(key) || found.length >= WARNING_COUNT_MAX) return;
      seen.add(key);
      found.push(unknown);
    };
    return {
      trait: (name, pointer) => {
        const key = `t\0${name}`;
        if (this.#isKnown(key, () => this.#hasTrait(name))) return;
        const message = `nobody ever had a trait ${quoted(name)}`;
        add(key, { message, name, pointer, candidates: () => this.traitNames() });
      },
      accountTrait: (name, pointer) => {
        const key = `a\0${name}`;
        if (this.#isKnown(key, () => OWN_TRAITS.includes(name) || this.#hasProperty(GROUP_JOINED, `traits.${name}`)))
          return;
        const message = `no account ever had a trait ${quoted(name)}`;
        add(key, { message, name, pointer, candidates: () => this.accountTraitNames() });
      },
      event: (name, pointer) => {
        const key = `e\0${name}`;
        if (this.#isKnown(key, () => this.#hasEvent(name))) return;
        const message = `no event ${quoted(name)} was ever sent`;
        add(key, { message, name, pointer, candidates: () => this.eventNames() });
      },
      property: (event, name, pointer) => {
        const key = `p\0${event}\0${name}`;
        if (this.#isKnown(key, () => this.#hasProperty(event, name))) return;
        // Nothing more is known of an event that nobody sent, and that is told already.
        if (!this.#isKnown(`e\0${event}`, () => this.#hasEvent(event))) return;
        const message = `${quoted(event)} never had a property ${quoted(name)}`;
        add(key, { message, name, pointer, candidates: () => this.propertyNames(event) });
      },
    };
  }

  #isKnown(key: string, look: () => boolean): boolean {
    if (this.#known.has(key)) return true;
    if (!look()) return false;
    if (this.#known.size >= KNOWN_COUNT_MAX) this.#known.clear();
    this.#known.add(key);
    return true;
  }

  #hasTrait(name: string): boolean {
    const segments = splitPath(name);
    if (segments.length === 1 && OWN_TRAITS.includes(name)) return true;
    return this.#shards.some((shard) => !isNothing(reachPath(shard.data.profiles.traits, segments)));
  }

  #hasEvent(name: string): boolean {
    return this.#shards.some((shard) => shard.data.tableOf(name) !== undefined);
  }

  #hasProperty(event: string, path: string): boolean {
    return this.#tablesOf(event).some((table) => {
      const { properties, contexts } = reachProperty(table, path);
      return !isNothing(properties) || contexts !== undefined;
    });
  }

  #tablesOf(event: string): EventTable[] {
    return this.#shards.flatMap((shard) => shard.data.tableOf(event) ?? []);
  }

  traitNames(): Set<string> {
    const names = new Set(OWN_TRAITS);
    for (const shard of this.#shards) addNames(names, shard.data.profiles.traits);
    return names;
  }

  accountTraitNames(): Set<string> {
    const names = new Set(OWN_TRAITS);
    const prefix = 'traits.';
    for (const name of this.propertyNames(GROUP_JOINED)) {
      if (name.startsWith(prefix)) names.add(name.slice(prefix.length));
    }
    return names;
  }

  eventNames(): Set<string> {
    return new Set(this.#shards.flatMap((shard) => shard.data.tables.map((table) => table.name)));
  }

  propertyNames(event: string): Set<string> {
    const names = new Set<string>();
    for (const table of this.#tablesOf(event)) addNames(names, table.properties);
    return names;
  }
}

function addNames(names: Set<string>, columns: readonly ValueColumn[]): void {
  for (const { segments } of columns) {
    if (names.size >= CANDIDATE_COUNT_MAX) return;
    names.add(joinPath(segments));
  }
}

function warningsOf(unknown: readonly Unknown[], text: string | undefined): readonly QueryWarning[] {
  if (unknown.length === 0) return [];
  const placeOf = text === undefined ? undefined : placesInText(text);
  return unknown.map(({ message, name, candidates, pointer }) => {
    const suggestion = nearName(name, candidates());
    const span = placeOf?.(pointer);
    return {
      code: 'unknown_name',
      message: message + suggestionText(suggestion),
      name,
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(span === undefined ? {} : { position: span.start, end: span.end }),
    };
  });
}

/** Names too much longer or shorter are not measured. */
function nearName(name: string, candidates: Iterable<string>): string | undefined {
  const reach = Math.max(1, Math.floor(name.length / 3));
  const near: string[] = [];
  for (const candidate of candidates) if (Math.abs(candidate.length - name.length) <= reach) near.push(candidate);
  return nearestWord(name, near);
}
