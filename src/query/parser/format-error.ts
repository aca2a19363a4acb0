/** A query error for a person at a terminal or in an editor: the message, the line, and a caret under the mistake. */
import type { EngineError } from '../../model/error.ts';

const LINE_WIDTH = 100;

/** Lines and columns count from 1. Without a span, the message alone. */
export function formatQueryError(text: string, error: EngineError): string {
  const { span } = error;
  if (span === undefined) return error.message;
  const start = Math.min(span.start, text.length);
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const nextLine = text.indexOf('\n', start);
  const lineEnd = nextLine < 0 ? text.length : nextLine;
  const lineNumber = text.slice(0, lineStart).split('\n').length;
  const column = start - lineStart;
  // A long line is shown around the mistake.
  const from = lineStart + Math.max(0, column - Math.floor(LINE_WIDTH / 2));
  const to = Math.min(lineEnd, from + LINE_WIDTH);
  const caretCount = Math.max(1, Math.min(span.end, to) - start);
  const gutter = `${lineNumber} | `;
  const line = text.slice(from, to).replace(/[\t\r]/g, ' ');
  const caret = ' '.repeat(gutter.length + start - from) + '^'.repeat(caretCount);
  return `line ${lineNumber}, column ${column + 1}: ${error.message}\n${gutter}${line}\n${caret}`;
}
