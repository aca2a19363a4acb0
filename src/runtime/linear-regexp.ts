/**
 * Regular expressions that callers may bring, matched in time proportional to the text, whatever the pattern. V8's linear-time engine (the `l`
 * flag) says whether a pattern is one and what it would need more for: look-around, back-references and counted repeats beyond 16 are refused when the
 * pattern is compiled. Matching itself is `base/regexp`: V8's engine takes time for each way through the pattern and each group at every unit,
 * so that a few hundred characters of pattern hold a thread for minutes on a long text. There is no case-insensitive or Unicode mode; a text is matched
 * by UTF-16 units.
 *
 * The engine stands behind a V8 flag that is set here, once per process, before the first pattern; worker threads
 * compile through this module too.
 */
import { setFlagsFromString } from 'node:v8';
import { buildAutomaton } from '../base/regexp/automaton.ts';
import { RegexpMatcher } from '../base/regexp/matcher.ts';
import { parseRegexp } from '../base/regexp/syntax.ts';
import { EngineError } from '../model/error.ts';

setFlagsFromString('--enable-experimental-regexp-engine');

/** The constructs that the linear engine refuses, with what to say. Searched in order of position. */
const UNSUPPORTED = [
  { name: 'look-ahead', at: /^\(\?[=!]/ },
  { name: 'look-behind', at: /^\(\?<[=!]/ },
  { name: 'back-reference', at: /^\\(?:[1-9]|k<)/ },
  { name: 'counted repeat beyond 16', at: /^\{\d+(?:,\d*)?\}/ },
] as const;

export interface LinearRegExp {
  /** Whether some part of the text fits. */
  test(text: string): boolean;
}

/**
 * Errors: query_invalid; `details.reason` says why and, for a construct the engine lacks, `details.position` is its
 * 0-based offset in the pattern.
 */
export function compileLinearRegExp(pattern: string): LinearRegExp {
  try {
    // V8 compiles at first use.
    new RegExp(pattern, 'l').test('');
    return new RegexpMatcher(buildAutomaton(parseRegexp(pattern)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^.*\/l: /s, '') : 'unknown';
    const isLinear = !(cause instanceof RangeError) && !reason.startsWith('Cannot be executed in linear time');
    if (isLinear) {
      throw new EngineError('query_invalid', `the regular expression is not valid: ${reason}`, {
        details: { reason },
        cause,
      });
    }
    const found = firstUnsupported(pattern);
    const where = found === undefined ? 'it repeats too much' : `it has a ${found.name} at position ${found.position}`;
    throw new EngineError(
      'query_invalid',
      `the regular expression cannot be matched in linear time: ${where}; write it without look-around, back-references and repeats beyond 16`,
      { details: { reason: where, ...(found === undefined ? {} : { position: found.position }) }, cause },
    );
  }
}

function firstUnsupported(pattern: string): { name: string; position: number } | undefined {
  let isInClass = false;
  for (let position = 0; position < pattern.length; position++) {
    const unit = pattern[position];
    if (!isInClass) {
      const rest = pattern.slice(position, position + 16);
      const found = UNSUPPORTED.find(({ at }) => at.test(rest));
      if (found !== undefined && (unit !== '{' || /\d{3}|1[7-9]|[2-9]\d/.test(rest.slice(0, rest.indexOf('}'))))) {
        return { name: found.name, position };
      }
    }
    if (unit === '\\') position++;
    else if (unit === '[') isInClass = true;
    else if (unit === ']') isInClass = false;
  }
  return undefined;
}
