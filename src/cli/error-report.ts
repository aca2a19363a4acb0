/** An error as a person at a terminal reads it; for a query text with the line and a caret under the mistake. */
import { EngineError, errorBody } from '../model/error.ts';
import { formatQueryError } from '../query/parser/format-error.ts';
import type { Colors } from './terminal.ts';

export function formatError(error: unknown, colors: Colors, queryText?: string | undefined): string {
  if (!(error instanceof EngineError)) {
    return `${colors.red('error')} ${error instanceof Error ? error.message : String(error)}\n`;
  }
  if (queryText !== undefined && error.span !== undefined) {
    return `${colors.red('error')} ${formatQueryError(queryText, error)}\n`;
  }
  const path =
    error.code.startsWith('query_') || error.code === 'unknown_segment' ? error.details?.['path'] : undefined;
  const place = typeof path === 'string' && error.span === undefined ? placeText(path) : '';
  return `${colors.red('error')} ${error.message}${place} ${colors.dim(`(${error.code})`)}\n`;
}

/** Where a mistake in JSON stands. */
export function placeText(path: string): string {
  return `, at ${path}`;
}

/** For `--json`: the same body that the server answers. */
export function errorJson(error: unknown): string {
  const known =
    error instanceof EngineError
      ? error
      : new EngineError('internal', error instanceof Error ? error.message : String(error), { cause: error });
  return `${JSON.stringify(errorBody(known))}\n`;
}
