/** Warnings of an answer, on standard error, so that what is piped stays clean. */
import { EngineError } from '../model/error.ts';
import type { QueryWarning } from '../model/query.ts';
import { formatQueryError } from '../query/parser/format-error.ts';
import { placeText } from './error-report.ts';
import { colorsOf, type Terminal } from './terminal.ts';

/** With a caret under the name where it stands in `text`, or its place in JSON. */
export function printWarnings(warnings: readonly QueryWarning[] | undefined, text: string, terminal: Terminal): void {
  const { yellow } = colorsOf(terminal);
  for (const { message, path, position, end } of warnings ?? []) {
    const span = position === undefined ? undefined : { start: position, end: end ?? position + 1 };
    const placed = path === undefined ? message : message + placeText(path);
    const shown = formatQueryError(text, new EngineError('query_unknown_name', placed, { span }));
    terminal.stderr.write(`${yellow('warning')} ${shown}\n`);
  }
}
