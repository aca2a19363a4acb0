/**
 * What is to be said about the names of one question, in three steps, because those who know the names may be elsewhere: the names to be looked
 * for, then which of them nobody knows, then what is near to those. What was known once stays known, so a repeated question has nothing
 * to look for.
 */
import type { Expression } from '../model/expression.ts';
import type { QueryWarning } from '../model/query.ts';
import type { CheckedRequest } from '../query/parser/check-request.ts';
import { placesInText } from '../query/parser/parse-text.ts';
import { quoted, suggestionText } from '../query/parser/suggestion.ts';
import { eachName, type NamedThing, type NameVisitor, nameKey, visitAnalysis, visitExpression } from './name-walk.ts';

/** Warnings of one question: beyond that the list helps nobody. */
const WARNING_COUNT_MAX = 20;
const KNOWN_COUNT_MAX = 100_000;
/** Conditions stand in the member `where`, of questions as of saved segments. */
const WHERE_POINTER = '/where';

/** Names that somebody sent. */
export class NameMemory {
  readonly #known = new Set<string>();

  has(key: string): boolean {
    return this.#known.has(key);
  }

  add(key: string): void {
    if (this.#known.size >= KNOWN_COUNT_MAX) this.#known.clear();
    this.#known.add(key);
  }
}

/** A part of a question whose names are looked at by themselves. */
interface Walk {
  readonly run: (visitor: NameVisitor) => void;
  /** The condition as it was written, if it was. */
  readonly text: string | undefined;
  /** Where in the request its pointers begin. */
  readonly at: string;
}

interface Unknown {
  readonly thing: NamedThing;
  readonly pointer: string;
  readonly text: string | undefined;
}

export class NameReport {
  /** To be looked for, each once. Empty = there is nothing to say. */
  readonly names: readonly NamedThing[];
  readonly #memory: NameMemory;
  readonly #walks: readonly Walk[];
  #unknown: readonly Unknown[] = [];

  private constructor(memory: NameMemory, walks: readonly Walk[]) {
    this.#memory = memory;
    this.#walks = walks;
    this.names = this.#namesToLookFor();
  }

  static ofRequest(memory: NameMemory, request: CheckedRequest, text: string | undefined): NameReport {
    const { where, of } = request;
    const analysis: Walk = { run: (visitor) => visitAnalysis(visitor, request), text: undefined, at: '' };
    if (where === undefined) return new NameReport(memory, [analysis]);
    const condition: Walk = { run: (visitor) => visitExpression(visitor, where, '', of), text, at: WHERE_POINTER };
    return new NameReport(memory, [condition, analysis]);
  }

  static ofExpression(memory: NameMemory, expression: Expression, text: string | undefined): NameReport {
    return new NameReport(memory, [
      { run: (visitor) => visitExpression(visitor, expression), text, at: WHERE_POINTER },
    ]);
  }

  #namesToLookFor(): readonly NamedThing[] {
    const wanted = new Map<string, NamedThing>();
    const want = (thing: NamedThing): void => {
      const key = nameKey(thing);
      if (!this.#memory.has(key)) wanted.set(key, thing);
    };
    const visitor = eachName((thing) => {
      want(thing);
      if (thing.kind === 'property') want({ kind: 'event', name: thing.event });
    });
    for (const { run } of this.#walks) run(visitor);
    return [...wanted.values()];
  }

  /** `unknown`: indexes of `names` that nobody knows. Gives the names to be warned of, for which a near one is wanted. */
  learn(unknown: readonly number[]): readonly NamedThing[] {
    const missing = new Set(unknown.map((index) => nameKey(this.names[index])));
    for (const thing of this.names) if (!missing.has(nameKey(thing))) this.#memory.add(nameKey(thing));
    const found = this.#walks.flatMap((walk) => unknownOf(walk, missing));
    this.#unknown = found.slice(0, WARNING_COUNT_MAX);
    return this.#unknown.map(({ thing }) => thing);
  }

  /** `nearest`: to each name that `learn` gave, null = none. */
  warnings(nearest: readonly (string | null)[]): readonly QueryWarning[] {
    const text = this.#unknown.find((unknown) => unknown.text !== undefined)?.text;
    const placeOf = text === undefined ? undefined : placesInText(text);
    return this.#unknown.map(({ thing, pointer, text: own }, i) => {
      const suggestion = nearest[i] ?? undefined;
      const span = own === undefined ? undefined : placeOf?.(pointer);
      return {
        code: 'unknown_name',
        message: messageOf(thing) + suggestionText(suggestion),
        name: thing.name,
        ...(suggestion === undefined ? {} : { suggestion }),
        ...(own === undefined ? { path: pointer } : {}),
        ...(span === undefined ? {} : { position: span.start, end: span.end }),
      };
    });
  }
}

/** Each once, where it stands first. */
function unknownOf({ run, text, at }: Walk, missing: ReadonlySet<string>): readonly Unknown[] {
  const found = new Map<string, Unknown>();
  const visitor = eachName((thing, pointer) => {
    const key = nameKey(thing);
    if (!missing.has(key) || found.has(key) || found.size >= WARNING_COUNT_MAX) return;
    // Nothing more is known of an event that nobody sent, and that is told already.
    if (thing.kind === 'property' && missing.has(nameKey({ kind: 'event', name: thing.event }))) return;
    found.set(key, { thing, pointer: text === undefined ? at + pointer : pointer, text });
  });
  run(visitor);
  return [...found.values()];
}

function messageOf(thing: NamedThing): string {
  switch (thing.kind) {
    case 'trait':
      return `nobody ever had a trait ${quoted(thing.name)}`;
    case 'accountTrait':
      return `no account ever had a trait ${quoted(thing.name)}`;
    case 'event':
      return `no event ${quoted(thing.name)} was ever sent`;
    case 'property':
      return `${quoted(thing.event)} never had a property ${quoted(thing.name)}`;
  }
}
