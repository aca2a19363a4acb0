/** `kith match`: searching for probable duplicates, watching the search, and deciding about what it suggests. */
import { EngineError, ERROR_STATUS, type ErrorCode } from '../model/error.ts';
import type { MatchingState, Suggestion, SuggestionPage, SuggestionState } from '../model/matching.ts';
import type { Client } from './client.ts';
import { formatError } from './error-report.ts';
import { suggestionText } from './match-text.ts';
import { formatCount, Progress } from './progress.ts';
import { formatCell, formatTable } from './table.ts';
import { colorsOf, EXIT, type Terminal, write } from './terminal.ts';

const MATCHING = '/v1/identity/matching';
const SUGGESTIONS = '/v1/identity/suggestions';
const POLL_INTERVAL_MS = 250;
const PAGE_SIZE_MAX = 1_000;

const STAGE_UNITS: Readonly<Record<NonNullable<MatchingState['progress']>['stage'], string>> = {
  read: 'profiles read',
  prepare: 'keys prepared',
  learn: 'steps of learning',
  score: 'parts compared',
  group: 'groupings',
  merge: 'sure pairs',
};

export interface MatchRunOptions {
  readonly fields?: readonly string[] | undefined;
  readonly suggestFrom?: number | undefined;
  readonly seed?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Errors: matching_running, invalid_request, those of the run. */
export async function runMatchRun(options: MatchRunOptions, client: Client, terminal: Terminal): Promise<number> {
  const { fields, suggestFrom, seed, json } = options;
  const started = await client.sendJson<MatchingState>(MATCHING, { body: { fields, suggestFrom, seed } });
  let isStopped = false;
  const stopListening = terminal.onStop(() => {
    isStopped = true;
  });
  const bars = new StageBars(terminal, json);
  let state = started;
  try {
    while (state.state === 'running' && !isStopped) {
      bars.show(state);
      await terminal.sleep(POLL_INTERVAL_MS);
      state = await client.sendJson<MatchingState>(MATCHING);
    }
  } finally {
    bars.stop();
    stopListening();
  }
  if (isStopped && state.state === 'running') {
    terminal.stderr.write('the run goes on; kith match cancel ends it\n');
    return EXIT.interrupted;
  }
  if (state.state === 'failed') throw failureOf(state);
  await write(terminal.stdout, json ? `${JSON.stringify(state)}\n` : outcomeText(state, terminal));
  return state.state === 'done' ? EXIT.ok : EXIT.failed;
}

/** A bar a stage, since each counts something else. */
class StageBars {
  readonly #terminal: Terminal;
  readonly #isQuiet: boolean | undefined;
  #shown: { readonly key: string; readonly progress: Progress } | undefined;

  constructor(terminal: Terminal, isQuiet: boolean | undefined) {
    this.#terminal = terminal;
    this.#isQuiet = isQuiet;
  }

  show({ progress }: MatchingState): void {
    if (progress === undefined) return;
    const { stage, done, total } = progress;
    const key = `${stage} ${total}`;
    if (this.#shown?.key !== key) {
      this.stop();
      const options = { unit: STAGE_UNITS[stage], total, isQuiet: this.#isQuiet };
      this.#shown = { key, progress: new Progress(this.#terminal, options) };
    }
    this.#shown.progress.update(done, done);
  }

  stop(): void {
    this.#shown?.progress.stop();
    this.#shown = undefined;
  }
}

function failureOf({ error }: MatchingState): EngineError {
  const code = error !== undefined && Object.hasOwn(ERROR_STATUS, error.code) ? (error.code as ErrorCode) : 'internal';
  return new EngineError(code, error?.message ?? 'the run failed');
}

function outcomeText(state: MatchingState, terminal: Terminal): string {
  const { yellow, dim } = colorsOf(terminal);
  if (state.state === 'cancelled') return yellow('the run was cancelled; suggestions of earlier runs stay\n');
  const { profiles = 0, comparedPairs = 0, suggested = 0, merged, fields = [], rules = [] } = state;
  const head = ['profiles', 'pairs compared', 'suggested', ...(merged === undefined ? [] : ['merged at once'])];
  const row = [profiles, comparedPairs, suggested, ...(merged === undefined ? [] : [merged])];
  const keys = rules.map((rule) => [rule]);
  return [
    formatTable(head, [row]),
    `compared by ${fields.map(formatCell).join(', ')}\n`,
    formatTable(['keys that make pairs'], keys),
    suggested > 0
      ? dim('see them: kith match list\n')
      : dim('no pair is likely enough: --suggest-from asks for less\n'),
  ].join('');
}

export async function runMatchStatus(
  { json }: { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const state = await client.sendJson<MatchingState>(MATCHING);
  await write(terminal.stdout, json ? `${JSON.stringify(state)}\n` : statusText(state, terminal));
}

function statusText(state: MatchingState, terminal: Terminal): string {
  const { startedAt, endedAt, progress, error } = state;
  switch (state.state) {
    case 'never':
      return 'no run since the server started; kith match run begins one\n';
    case 'running': {
      const far =
        progress === undefined
          ? ''
          : `: ${formatCount(progress.done)} of ${formatCount(progress.total)} ${STAGE_UNITS[progress.stage]}`;
      return `running since ${startedAt}${far}\n`;
    }
    case 'failed':
      return `failed at ${endedAt}: ${error?.message}\n`;
    case 'cancelled':
      return `cancelled at ${endedAt}; suggestions of earlier runs stay\n`;
    case 'done':
      return `done at ${endedAt}\n${outcomeText(state, terminal)}`;
  }
}

export async function runMatchList(
  options: {
    readonly state: SuggestionState;
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly json?: boolean | undefined;
  },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const { state, limit, json } = options;
  if (limit < 1) throw new EngineError('invalid_request', '--limit must be 1 or more');
  const suggestions: Suggestion[] = [];
  let { cursor } = options;
  do {
    const parameters = new URLSearchParams({
      state,
      limit: String(Math.min(PAGE_SIZE_MAX, limit - suggestions.length)),
    });
    if (cursor !== undefined) parameters.set('cursor', cursor);
    const page = await client.sendJson<SuggestionPage>(`${SUGGESTIONS}?${parameters}`);
    suggestions.push(...page.suggestions);
    cursor = page.cursor;
  } while (cursor !== undefined && suggestions.length < limit);
  const { dim } = colorsOf(terminal);
  if (json) {
    const page: SuggestionPage = { suggestions, ...(cursor === undefined ? {} : { cursor }) };
    return write(terminal.stdout, `${JSON.stringify(page)}\n`);
  }
  if (suggestions.length === 0) {
    const hint = state === 'open' ? '; kith match run looks for some' : '';
    return write(terminal.stdout, `no ${state} suggestions${hint}\n`);
  }
  for (const suggestion of suggestions) await write(terminal.stdout, suggestionText(suggestion, terminal));
  const hints = state === 'open' ? 'kith match accept ID… makes one profile, reject ID… keeps two\n' : '';
  const more = cursor === undefined ? '' : `more: kith match list --state ${state} --cursor ${cursor}\n`;
  await write(terminal.stdout, dim(hints + more));
}

/** One after the other; what fails is told at the end and does not hold the others up. */
export async function runMatchDecide(
  ids: readonly string[],
  decision: 'accept' | 'reject',
  { json }: { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<number> {
  const decided: Suggestion[] = [];
  const failures: unknown[] = [];
  for (const id of ids) {
    try {
      const path = `${SUGGESTIONS}/${encodeURIComponent(id)}`;
      decided.push(await client.sendJson<Suggestion>(path, { body: { decision } }));
    } catch (error) {
      if (!(error instanceof EngineError) || error.status >= 500 || error.status === 401 || error.status === 403) {
        throw error;
      }
      failures.push(new EngineError(error.code, `${id}: ${error.message}`));
    }
  }
  if (json) await write(terminal.stdout, `${JSON.stringify({ suggestions: decided })}\n`);
  else await write(terminal.stdout, decided.map((one) => decidedText(one)).join(''));
  for (const failure of failures) terminal.stderr.write(formatError(failure, colorsOf(terminal)));
  if (failures.length === 0) return EXIT.ok;
  return decided.length === 0 ? EXIT.failed : EXIT.someRefused;
}

function decidedText({ a, b, state }: Suggestion): string {
  const names = `${formatCell(`${a.type}:${a.value}`)} and ${formatCell(`${b.type}:${b.value}`)}`;
  return state === 'accepted' ? `${names} are one profile now\n` : `${names} stay two, and are not suggested again\n`;
}

export async function runMatchCancel(
  { json }: { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const state = await client.sendJson<MatchingState>(MATCHING, { method: 'DELETE' });
  if (json) return write(terminal.stdout, `${JSON.stringify(state)}\n`);
  const text = state.state === 'cancelled' ? 'the run was cancelled' : 'no run was under way';
  const merged = (state.merged ?? 0) > 0 ? `; ${formatCount(state.merged!)} pairs had been merged` : '';
  await write(terminal.stdout, `${text}${state.state === 'cancelled' ? merged : ''}\n`);
}
