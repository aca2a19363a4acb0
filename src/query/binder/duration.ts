/** Durations of a checked AST as milliseconds. The checker has refused bad ones already; an AST built by hand is refused here. */
import { durationMsOf } from '../../base/duration.ts';
import { EngineError } from '../../model/error.ts';
import type { Duration } from '../../model/expression.ts';

/** Errors: query_invalid when `text` is not a whole number and one of `ms s m h d w`. */
export function parseDurationMs(text: Duration): number {
  const ms = durationMsOf(text);
  if (Number.isNaN(ms)) {
    const message = `${JSON.stringify(text)} is not a duration: write a whole number and one of ms, s, m, h, d, w, such as "30d"`;
    throw new EngineError('query_invalid', message);
  }
  return ms;
}
