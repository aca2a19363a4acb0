/** An error as a person at a terminal reads it; for a query text with the line and a caret under the mistake. */
import { EngineError, errorBody } from '../model/error.ts';
import { formatQueryError } from '../query/parser/format-error.ts';
import type { Colors } from './terminal.ts';

export function formatError(error: unknown, colors: Colors, queryText?: string | undefined): string {
  if (!(error instanceof EngineError)) {
    return `${colors.red('error')} ${error instanceof Error ? error.message : String(error)}\n`;
  }
  const message = queryText === undefined ? error.message : formatQueryError(queryText, error);
  return `${colors.red('error')} ${message} ${colors.dim(`(${error.code})`)}\n`;
}

/** For `--json`: the same body that the server answers. */
export function errorJson(error: unknown): string {
  const known =
    error instanceof EngineError
      ? error
      : new EngineError('internal', error instanceof Error ? error.message : String(error), { cause: error });
  return `${JSON.stringify(errorBody(known))}\n`;
}
