/** `kith query`: one question, answered as a number, ids one a line, a table of profiles, an aggregate, or groups with bars. */
import type { BreakdownBody } from '../model/analysis.ts';
import type { Collection } from '../model/expression.ts';
import type { CountBody, QueryPlan, QueryRequest, QueryWarning, ValueBody } from '../model/query.ts';
import { bar } from './bar.ts';
import type { Client } from './client.ts';
import type { CommandRun } from './command-option.ts';
import { formatPlan } from './plan-text.ts';
import { formatCount } from './progress.ts';
import { parseAggregate, parseCondition, parseDimension, parseEvent } from './question-text.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';
import { printWarnings } from './warning-text.ts';

export interface QueryOptions {
  readonly of?: Collection | undefined;
  readonly as: 'count' | 'ids' | 'profiles';
  readonly aggregate?: string | undefined;
  readonly by?: readonly string[] | undefined;
  readonly event?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly estimate?: boolean | undefined;
  readonly explain?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly events?: number | undefined;
  readonly at?: string | undefined;
  readonly json?: boolean | undefined;
}

/** What every answer has around its body. */
export interface AnswerAround {
  readonly tookMs: number;
  readonly plan?: QueryPlan | undefined;
  readonly warnings?: readonly QueryWarning[] | undefined;
}
interface PageBody {
  readonly ids?: readonly string[];
  readonly profiles?: readonly ProfileJson[];
  readonly cursor?: string;
}

export interface ProfileJson {
  readonly id: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const DEFAULT_LIMIT = 20;
const PAGE_COUNT_MAX = 10_000;
/** Columns of a table without `--fields`. */
const TABLE_TRAIT_COUNT = 5;

/** `text` empty = everyone. */
export async function runQuery(
  text: string,
  options: QueryOptions,
  client: Client,
  terminal: Terminal,
  run: CommandRun,
): Promise<void> {
  const { of, as, at, strict, explain, estimate } = options;
  const base: QueryRequest = {
    ...(text.trim() === '' ? {} : { where: parseCondition(text) }),
    of,
    as,
    at,
    strict,
    explain,
    mode: estimate === true ? 'estimate' : undefined,
  };
  if (options.by !== undefined) await runBreakdown(text, options.by, base, options, client, terminal, run);
  else if (options.aggregate !== undefined) {
    const request: QueryRequest = { ...base, as: 'aggregate', aggregate: parseAggregate(options.aggregate, run) };
    await ask<ValueBody>(
      request,
      text,
      options,
      client,
      terminal,
      ({ value }, took) => `${valueText(value)} ${took}\n`,
    );
  } else if (as === 'count') {
    const noun = of === 'accounts' ? 'accounts' : 'profiles';
    await ask<CountBody>(base, text, options, client, terminal, (body, took) => `${countText(body, noun)} ${took}\n`);
  } else await runPages(text, base, options, client, terminal);
}

/** Asks and prints: JSON as it came, or what `format` makes of it, with warnings before and the plan behind. */
export async function ask<Body>(
  request: QueryRequest,
  text: string,
  options: { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
  format: (body: Body, took: string) => string,
): Promise<void> {
  const answer = await client.sendJson<Body & AnswerAround>('/v1/query', { body: request });
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(answer)}\n`);
    return;
  }
  printWarnings(answer.warnings, text, terminal);
  await write(terminal.stdout, format(answer, colorsOf(terminal).dim(`(${answer.tookMs.toFixed(1)} ms)`)));
  if (answer.plan !== undefined) await write(terminal.stdout, formatPlan(answer.plan));
}

function countText({ count, interval, confidence, sampleSize }: CountBody, noun: string): string {
  if (interval === undefined) return `${formatCount(count)} ${noun}`;
  const sure = `${Math.round((confidence ?? 0) * 100)} % sure`;
  const range = `${formatCount(Math.round(interval[0]))} to ${formatCount(Math.round(interval[1]))}`;
  return `≈ ${formatCount(count)} ${noun}, ${sure} of ${range}, from ${formatCount(sampleSize ?? 0)} looked at`;
}

function valueText(value: ValueBody['value']): string {
  if (Array.isArray(value)) return value.map((one: number | null) => valueText(one)).join('  ');
  if (typeof value === 'number') return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
  return value === null ? 'nothing' : String(value);
}

async function runBreakdown(
  text: string,
  by: readonly string[],
  base: QueryRequest,
  options: QueryOptions,
  client: Client,
  terminal: Terminal,
  run: CommandRun,
): Promise<void> {
  const total = options.aggregate === undefined ? undefined : parseAggregate(options.aggregate, run);
  const choice = options.event === undefined ? total : parseEvent(options.event, run);
  const { event, where, window } = choice ?? {};
  const request: QueryRequest = {
    ...base,
    as: 'breakdown',
    breakdown: {
      by: by.map((dimension) => parseDimension(dimension, options.timeZone)),
      event,
      where,
      window,
      aggregate:
        total === undefined ? undefined : { fn: total.fn, p: total.p, property: total.property, trait: total.trait },
      limit: options.limit,
    },
  };
  const valueName = total === undefined ? undefined : `${total.fn} of ${total.property ?? total.trait}`;
  const heads = by.map((dimension) => dimension.replace(/^(trait|property|period):/, ''));
  const isTimeline = by.length === 1 && by[0].startsWith('period:');
  await ask<BreakdownBody>(request, text, options, client, terminal, (body, took) =>
    breakdownText(isTimeline ? inTime(body) : body, heads, valueName, took),
  );
}

/** Periods alone are read from the first to the last, whichever is largest. */
function inTime(body: BreakdownBody): BreakdownBody {
  const day = ({ values }: BreakdownBody['groups'][number]): string => String(values[0]);
  return { ...body, groups: [...body.groups].sort((a, b) => (day(a) < day(b) ? -1 : 1)) };
}

function breakdownText(
  { groups, rest, total }: BreakdownBody,
  by: readonly string[],
  valueName: string | undefined,
  took: string,
): string {
  const hasEvents = total.events !== undefined;
  const sizeOf = (group: { readonly events?: number | undefined; readonly profiles: number }): number =>
    group.events ?? group.profiles;
  const largest = Math.max(1, ...groups.map(sizeOf));
  const head = [
    ...by,
    ...(hasEvents ? ['events'] : []),
    'profiles',
    ...(valueName === undefined ? [] : [valueName]),
    '',
  ];
  const rows = groups.map(({ values, profiles, events, value }) => [
    // As text: 2024 is a year, not 2,024.
    ...values.map((one) => (one === null ? '(none)' : String(one))),
    ...(hasEvents ? [events] : []),
    profiles,
    ...(valueName === undefined ? [] : [typeof value === 'number' ? Number(value.toFixed(6)) : (value ?? null)]),
    bar(sizeOf({ profiles, events }) / largest),
  ]);
  const more =
    rest === undefined || rest.groups === 0
      ? ''
      : `and ${formatCount(rest.groups)} more groups, of ${formatCount(rest.profiles)} profiles; --limit shows them\n`;
  const events = total.events === undefined ? '' : `${formatCount(total.events)} events of `;
  return `${formatTable(head, rows)}${more}${formatCount(total.groups)} groups, ${events}${formatCount(total.profiles)} profiles ${took}\n`;
}

async function runPages(
  text: string,
  base: QueryRequest,
  options: QueryOptions,
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const { as, fields, events } = options;
  let left = options.limit ?? (as === 'ids' ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  let cursor: string | undefined;
  let isFirst = true;
  let plan: QueryPlan | undefined;
  const profiles: ProfileJson[] = [];
  do {
    const limit = Math.min(left, PAGE_COUNT_MAX);
    const body = { ...base, fields, events, limit, cursor };
    const answer: PageBody & AnswerAround = await client.sendJson('/v1/query', { body });
    if (isFirst && !options.json) printWarnings(answer.warnings, text, terminal);
    isFirst = false;
    plan = answer.plan;
    const page: readonly (string | ProfileJson)[] = answer.ids ?? answer.profiles ?? [];
    if (options.json) for (const entry of page) await write(terminal.stdout, `${JSON.stringify(entry)}\n`);
    else if (answer.ids !== undefined) for (const id of answer.ids) await write(terminal.stdout, `${id}\n`);
    else profiles.push(...(answer.profiles ?? []));
    left -= page.length;
    cursor = page.length === 0 ? undefined : answer.cursor;
  } while (cursor !== undefined && left > 0);
  if (!options.json && as === 'profiles') {
    await write(terminal.stdout, profileTable(profiles, fields));
    if (cursor !== undefined) terminal.stderr.write(`the first ${formatCount(profiles.length)}; --limit gives more\n`);
  }
  if (plan !== undefined && !options.json) terminal.stderr.write(formatPlan(plan));
}

function profileTable(profiles: readonly ProfileJson[], fields: readonly string[] | undefined): string {
  const columns = fields ?? usualColumns(profiles);
  const rows = profiles.map((profile) => [profile.id, ...columns.map((column) => valueAt(profile, column))]);
  return formatTable(['id', ...columns], rows);
}

function usualColumns(profiles: readonly ProfileJson[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { traits } of profiles) {
    for (const name of Object.keys(traits ?? {})) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, TABLE_TRAIT_COUNT)
    .map(([name]) => name)
    .concat('last_seen');
}

/** A trait path, or a top-level field of the profile. */
function valueAt(profile: ProfileJson, path: string): unknown {
  let value: unknown = profile.traits;
  for (const step of path.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value ?? profile[path];
}
