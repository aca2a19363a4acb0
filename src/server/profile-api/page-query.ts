/** Parameters of the query string, checked one by one: what a part does not know is refused, so that nothing is left out in silence. */
import { parseIsoDateMs } from '../../base/iso-date.ts';
import { EngineError } from '../../model/error.ts';

const LIST_LENGTH_MAX = 1_000;

export class PageQuery {
  readonly #values = new Map<string, string>();

  /** Errors: invalid_request. */
  constructor(query: string, allowed: readonly string[]) {
    for (const pair of query.split('&')) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
      if (!allowed.includes(name)) {
        throw invalid(`there is no parameter "${name.slice(0, 64)}" here; there are ${allowed.join(', ')}`);
      }
      if (this.#values.has(name)) throw invalid(`the parameter "${name}" is given twice`);
      this.#values.set(name, equals < 0 ? '' : decoded(pair.slice(equals + 1)));
    }
  }

  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  count(name: string, usual: number, max: number): number {
    const text = this.#values.get(name);
    if (text === undefined) return usual;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > max) throw invalid(`"${name}" must be a whole number from 1 to ${max}`);
    return value;
  }

  flag(name: string): boolean {
    const text = this.#values.get(name) ?? 'false';
    if (text !== 'true' && text !== 'false') throw invalid(`"${name}" must be true or false`);
    return text === 'true';
  }

  /** Names separated by commas. */
  list(name: string): readonly string[] | undefined {
    const names = this.#values
      .get(name)
      ?.split(',')
      .map((one) => one.trim());
    const kept = names?.filter((one) => one !== '');
    if (kept !== undefined && kept.length === 0) throw invalid(`"${name}" must name something, separated by commas`);
    if (kept !== undefined && kept.length > LIST_LENGTH_MAX) {
      throw invalid(`"${name}" may have at most ${LIST_LENGTH_MAX} names`);
    }
    return kept;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const known = choices.find((choice) => choice === text);
    if (known === undefined) throw invalid(`"${name}" must be one of ${choices.join(', ')}`);
    return known;
  }

  momentMs(name: string): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const timeMs = parseIsoDateMs(text);
    if (Number.isNaN(timeMs)) {
      throw invalid(`"${name}" must be ISO 8601, such as 2026-01-31 or 2026-01-31T12:00:00Z ("+" is written %2B)`);
    }
    return timeMs;
  }

  /** The same query with another `next`, or without one. */
  toString(next = ''): string {
    const pairs = [...this.#values].filter(([name]) => name !== 'next');
    if (next !== '') pairs.push(['next', next]);
    return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalid('the query string is not valid percent-encoded UTF-8');
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_request', message);
}
