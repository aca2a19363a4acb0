/** A mistake in the text of a condition, as answers show it: besides its position the line and column, and the line with carets under it. */
import { EngineError } from '../model/error.ts';
import { placeInText } from '../query/parser/format-error.ts';

/** `where`: the condition as it was sent, of which only a text has places. */
export async function showingMistakes<Result>(where: unknown, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof EngineError) || error.span === undefined || typeof where !== 'string') throw error;
    const { code, message, span, retryAfterMs } = error;
    const details = { ...error.details, ...placeInText(where, span) };
    throw new EngineError(code, message, { details, span, retryAfterMs, cause: error });
  }
}
