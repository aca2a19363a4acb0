/**
 * The parser's view of the tokens: look, take, or fail. Everything that was looked for in vain at the current place is
 * remembered, so an error can say what would have been right there and which of it was probably meant, and completion
 * (completion-place.ts) what may be typed next.
 */
import { nearestWord } from '../../base/nearest-word.ts';
import { EngineError, type ErrorSpan } from '../../model/error.ts';
import type { QueryLimits } from '../../model/limits.ts';
import { SourceMap } from './source-map.ts';
import { listText, quoted } from './suggestion.ts';
import { RESERVED, syntaxError, type Token, type TokenKind, tokenize } from './token.ts';

const KIND_LABEL: Readonly<Record<Exclude<TokenKind, 'word' | 'symbol' | 'end'>, string>> = {
  name: 'a field name',
  text: 'a text in quotes',
  number: 'a number',
  duration: 'a duration such as 30d',
};

/** A name or value that the caller has to know: what of, for completion. */
export type Slot =
  | { readonly kind: 'trait' }
  | { readonly kind: 'event' | 'segment' | 'operator' }
  /** Of any event where none is named yet. */
  | { readonly kind: 'property'; readonly event: string | undefined }
  | { readonly kind: 'value'; readonly of: Subject };
/** What a condition is about. */
export type Subject = { readonly trait: string } | { readonly property: string; readonly event: string | undefined };

export class TokenStream {
  readonly limits: QueryLimits;
  readonly sourceMap = new SourceMap();
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;
  /** Looked for at `#index`: keywords, other things by name, and words that only serve "did you mean". */
  #words: string[] = [];
  #labels: string[] = [];
  #hints: string[] = [];
  #slots: Slot[] = [];

  /** `source`: the text, or tokens that end with an `end`. */
  constructor(source: string | readonly Token[], limits: QueryLimits) {
    this.limits = limits;
    this.#tokens = typeof source === 'string' ? tokenize(source) : source;
  }

  get current(): Token {
    return this.#tokens[this.#index];
  }

  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)];
  }

  take(): Token {
    const token = this.current;
    if (token.kind !== 'end') this.#index++;
    this.#words = [];
    this.#labels = [];
    this.#hints = [];
    this.#slots = [];
    return token;
  }

  /** Looked for at the current token, and not there. */
  get wanted(): {
    readonly words: readonly string[];
    readonly labels: readonly string[];
    readonly slots: readonly Slot[];
  } {
    return { words: [...this.#words, ...this.#hints], labels: this.#labels, slots: this.#slots };
  }

  /** Such a name or value would be right here. */
  offer(slot: Slot): void {
    this.#slots.push(slot);
  }

  /** From the token that begins at `start` to the last one taken. */
  spanFrom(start: number): ErrorSpan {
    return { start, end: Math.max(start, this.#tokens[Math.max(0, this.#index - 1)].end) };
  }

  isWord(word: string, ahead = 0): boolean {
    return this.peek(ahead).word === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  }

  acceptWord(...words: readonly string[]): string | undefined {
    for (const word of words) {
      if (this.isWord(word)) {
        this.take();
        return word;
      }
    }
    this.#words.push(...words);
    return undefined;
  }

  acceptSymbol(symbol: string): boolean {
    if (this.isSymbol(symbol)) {
      this.take();
      return true;
    }
    this.#labels.push(`"${symbol}"`);
    return false;
  }

  expectWord(...words: readonly string[]): string {
    return this.acceptWord(...words) ?? this.fail();
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) this.fail();
  }

  expectKind(kind: 'text' | 'number' | 'duration'): Token {
    if (this.current.kind === kind) return this.take();
    this.note(KIND_LABEL[kind]);
    return this.fail();
  }

  /** A field: a bare word that is not reserved, or a backquoted name. */
  expectName(): Token {
    const { kind, word } = this.current;
    if (kind === 'name' || (kind === 'word' && !RESERVED.includes(word))) return this.take();
    this.note(KIND_LABEL.name);
    return this.fail();
  }

  /** Something that would have been right here, for the message; `words` are for "did you mean". */
  note(label: string, words: readonly string[] = []): void {
    if (label !== '') this.#labels.push(label);
    this.#hints.push(...words);
  }

  /** Errors: query_syntax at the current token; `label` replaces the list of what was looked for. */
  fail(label?: string | undefined): never {
    const token = this.current;
    const isReserved = RESERVED.includes(token.word);
    const expected = label ?? listText([...new Set([...this.#words.map(quoted), ...this.#labels])]);
    const found = token.kind === 'end' ? 'the query ends here' : `found ${quoted(token.text)}`;
    const isName = this.#labels.includes(KIND_LABEL.name) && label === undefined;
    const hint = isReserved && isName ? ` (a field of that name is written \`${token.text}\`)` : '';
    const suggestion = token.kind === 'word' ? nearestWord(token.text, [...this.#words, ...this.#hints]) : undefined;
    throw syntaxError(
      `expected ${expected}, but ${found}${hint}`,
      token,
      suggestion === token.text ? undefined : suggestion,
    );
  }

  /** Errors: query_syntax with the caller's own message about `span`. */
  refuse(message: string, span: ErrorSpan, suggestion?: string | undefined): never {
    throw syntaxError(message, span, suggestion);
  }

  /** Bounds the recursion. Errors: query_too_large. */
  nest<Result>(parse: () => Result): Result {
    this.#depth++;
    if (this.#depth > this.limits.depth) {
      const { start, end } = this.current;
      const message = `conditions are nested more than ${this.limits.depth} deep`;
      throw new EngineError('query_too_large', message, { span: { start, end } });
    }
    const result = parse();
    this.#depth--;
    return result;
  }
}
