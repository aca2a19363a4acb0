/** Callers' texts, suggestions and lists as messages show them. */
const QUOTE_LENGTH_MAX = 60;

/** A caller's text as a message shows it: quoted, and cut when long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text);
}

/** `; did you mean "x"?`, or nothing. */
export function suggestionText(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : `; did you mean ${quoted(suggestion)}?`;
}

/** `a, b or c`. */
export function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items[items.length - 1]}`;
}
