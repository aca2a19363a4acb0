/** A query error for a person at a terminal or in an editor: the message, the line, and a caret under the mistake. */
import type { EngineError, ErrorSpan } from '../../model/error.ts';

const LINE_WIDTH = 100;

/** Lines and columns count from 1; `excerpt` is the line and, below it, carets under the mistake. */
export interface QueryPlace {
  readonly line: number;
  readonly column: number;
  readonly excerpt: string;
}

/** Without a span, the message alone. */
export function formatQueryError(text: string, error: EngineError): string {
  if (error.span === undefined) return error.message;
  const { line, column, excerpt } = placeInText(text, error.span);
  return `line ${line}, column ${column}: ${error.message}\n${excerpt}`;
}

export function placeInText(text: string, span: ErrorSpan): QueryPlace {
  const start = Math.min(span.start, text.length);
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const nextLine = text.indexOf('\n', start);
  const lineEnd = nextLine < 0 ? text.length : nextLine;
  const line = text.slice(0, lineStart).split('\n').length;
  const column = start - lineStart;
  // A long line is shown around the mistake.
  const from = lineStart + Math.max(0, column - Math.floor(LINE_WIDTH / 2));
  const to = Math.min(lineEnd, from + LINE_WIDTH);
  const caretCount = Math.max(1, Math.min(span.end, to) - start);
  const gutter = `${line} | `;
  const shown = text.slice(from, to).replace(/[\t\r]/g, ' ');
  const caret = ' '.repeat(gutter.length + start - from) + '^'.repeat(caretCount);
  return { line, column: column + 1, excerpt: `${gutter}${shown}\n${caret}` };
}
