/** `kith funnel`, `retention`, `rfm` and `overlap`: questions whose answer is a table. */
import type { FunnelBody, FunnelStepBody, OverlapBody, RetentionBody, RfmBody } from '../model/analysis.ts';
import { EngineError } from '../model/error.ts';
import type { QueryRequest } from '../model/query.ts';
import { bar, percent, spanText } from './bar.ts';
import type { Client } from './client.ts';
import type { CommandRun } from './command-option.ts';
import { formatCount } from './progress.ts';
import { ask } from './query-command.ts';
import { parseCondition, parseDimension, parseEvent, parseStep } from './question-text.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Options that every analysis takes. */
export interface AnalysisOptions {
  readonly where?: string | undefined;
  readonly at?: string | undefined;
  readonly last?: string | undefined;
  readonly explain?: boolean | undefined;
  readonly strict?: boolean | undefined;
  readonly json?: boolean | undefined;
}
export interface Asker {
  readonly client: Client;
  readonly terminal: Terminal;
  readonly run: CommandRun;
}

function around({ where, at, explain, strict }: AnalysisOptions): QueryRequest {
  return { where: where === undefined ? undefined : parseCondition(where), at, explain, strict };
}

function windowOf({ last }: AnalysisOptions): { readonly last: string } | undefined {
  return last === undefined ? undefined : { last };
}

export interface FunnelOptions extends AnalysisOptions {
  readonly within?: string | undefined;
  readonly by?: string | undefined;
  readonly limit?: number | undefined;
}

export async function runFunnel(steps: readonly string[], options: FunnelOptions, asker: Asker): Promise<void> {
  const { client, terminal, run } = asker;
  const dimension = options.by === undefined ? undefined : parseDimension(options.by);
  if (typeof dimension === 'object' && 'period' in dimension)
    throw new EngineError('query_invalid', 'a funnel is split by a trait, or by property:NAME of its first step');
  const request: QueryRequest = {
    ...around(options),
    as: 'funnel',
    funnel: {
      steps: steps.map((step, i) => parseStep(step, i === 0, run)),
      within: options.within,
      window: windowOf(options),
      by: dimension,
      limit: options.limit,
    },
  };
  await ask<FunnelBody>(request, options.where ?? '', options, client, terminal, funnelText);
}

function funnelText({ steps, groups, rest }: FunnelBody, took: string): string {
  const head = ['step', 'profiles', 'of the first', 'of the step before', 'lost', 'median time', ''];
  const parts = [formatTable(head, steps.map(stepRow))];
  if (groups !== undefined) {
    const names = steps.map((step, i) => `${i + 1} ${step.event}`);
    const row = (name: string, own: readonly FunnelStepBody[]): unknown[] => [
      name,
      ...own.map((step) => step.count),
      percent(own.at(-1)?.rateOfFirst ?? 0),
      bar(own.at(-1)?.rateOfFirst ?? 0, 12),
    ];
    const rows = groups.map((group) => row(group.value === null ? '(none)' : String(group.value), group.steps));
    if (rest !== undefined && rest.groups > 0) rows.push(row(`${formatCount(rest.groups)} more`, rest.steps));
    parts.push(formatTable(['group', ...names, 'converted', ''], rows));
  }
  const [first, last] = [steps[0], steps[steps.length - 1]];
  return `${parts.join('')}${formatCount(last?.count ?? 0)} of ${formatCount(first?.count ?? 0)} came through: ${percent(last?.rateOfFirst ?? 0)} ${took}\n`;
}

function stepRow(step: FunnelStepBody, index: number): unknown[] {
  const { event, count, rateOfFirst, rate, dropOff, medianMs } = step;
  const isFirst = index === 0;
  return [
    `${index + 1} ${event}`,
    count,
    percent(rateOfFirst),
    isFirst ? '' : percent(rate),
    isFirst ? '' : formatCount(dropOff),
    spanText(medianMs),
    bar(rateOfFirst),
  ];
}

export interface RetentionOptions extends AnalysisOptions {
  readonly cohort: string;
  readonly return?: string | undefined;
  readonly period: 'day' | 'week' | 'month';
  readonly periods?: number | undefined;
  readonly timeZone?: string | undefined;
  readonly counts?: boolean | undefined;
}

export async function runRetention(options: RetentionOptions, { client, terminal, run }: Asker): Promise<void> {
  const { period, periods, timeZone } = options;
  const request: QueryRequest = {
    ...around(options),
    as: 'retention',
    retention: {
      cohort: parseEvent(options.cohort, run),
      return: options.return === undefined ? undefined : parseEvent(options.return, run),
      period,
      periods,
      timeZone,
      window: windowOf(options),
    },
  };
  await ask<RetentionBody>(request, options.where ?? '', options, client, terminal, ({ cohorts }, took) => {
    const periodCount = Math.max(0, ...cohorts.map(({ counts }) => counts.length));
    const head = [period, 'profiles', ...Array.from({ length: periodCount }, (_, i) => `+${i}`)];
    const rows = cohorts.map(({ cohort, size, counts, rates }) => [
      cohort,
      size,
      ...(options.counts === true ? counts.map((count) => count ?? '') : rates.map(shortPercent)),
    ]);
    const size = cohorts.reduce((sum, cohort) => sum + cohort.size, 0);
    return `${formatTable(head, rows)}${formatCount(cohorts.length)} cohorts, ${formatCount(size)} profiles ${took}\n`;
  });
}

/** Many columns stand side by side. */
function shortPercent(rate: number | null): string {
  return rate === null ? '' : `${Math.round(rate * 100)}%`;
}

export interface RfmOptions extends AnalysisOptions {
  readonly event: string;
  readonly amount: string;
  readonly order?: string | undefined;
  readonly scores?: number | undefined;
  readonly members?: number | undefined;
  readonly cell?: string | undefined;
}

export async function runRfm(options: RfmOptions, { client, terminal, run }: Asker): Promise<void> {
  const { event, where } = parseEvent(options.event, run);
  const { amount, order, scores, members, cell } = options;
  const page = members === undefined && cell === undefined ? undefined : { limit: members ?? 20, cell };
  const rfm = { event, where, amount, order, scores, window: windowOf(options), members: page };
  // The server knows which cells there are.
  const request = { ...around(options), as: 'rfm', rfm } as QueryRequest;
  await ask<RfmBody>(request, options.where ?? '', options, client, terminal, rfmText);
}

function rfmText({ customers, orders, revenue, cells, members }: RfmBody, took: string): string {
  const rows = cells.map((cell) => [
    cell.cell,
    cell.count,
    percent(customers === 0 ? 0 : cell.count / customers),
    cell.orders,
    Number(cell.revenue.toFixed(2)),
    percent(revenue === 0 ? 0 : cell.revenue / revenue),
    bar(customers === 0 ? 0 : cell.count / customers),
  ]);
  const parts = [formatTable(['cell', 'customers', 'share', 'orders', 'revenue', 'share', ''], rows)];
  if (members !== undefined) {
    const list = members.map((one) => [
      one.id,
      one.cell,
      `${one.recency} ${one.frequency} ${one.monetary}`,
      one.lastAt,
      one.orders,
      Number(one.revenue.toFixed(2)),
    ]);
    parts.push(formatTable(['id', 'cell', 'R F M', 'last', 'orders', 'revenue'], list));
  }
  const money = revenue.toLocaleString('en-US', { maximumFractionDigits: 2 });
  return `${parts.join('')}${formatCount(customers)} customers, ${formatCount(orders)} orders, revenue ${money} ${took}\n`;
}

/** A saved segment by key, or `name=condition`. */
export async function runOverlap(
  segments: readonly string[],
  options: AnalysisOptions,
  { client, terminal }: Asker,
): Promise<void> {
  const request: QueryRequest = { ...around(options), as: 'overlap', overlap: { segments: segments.map(parseNamed) } };
  await ask<OverlapBody>(request, options.where ?? '', options, client, terminal, (body, took) => {
    const sizes = formatTable(
      ['segment', 'profiles'],
      body.segments.map(({ name, count }) => [name, count]),
    );
    const pairs = formatTable(
      ['a', 'b', 'both', 'only a', 'only b', 'overlap', ''],
      body.pairs.map(({ a, b, both, onlyA, onlyB, jaccard }) => [
        a,
        b,
        both,
        onlyA,
        onlyB,
        percent(jaccard),
        bar(jaccard, 12),
      ]),
    );
    return `${sizes}${body.pairs.length === 0 ? '' : pairs}overlap = both ÷ either ${took}\n`;
  });
}

function parseNamed(text: string): string | { readonly name: string; readonly where: string } {
  const match = /^([a-zA-Z0-9._-]+)=(.+)$/s.exec(text);
  return match === null ? text : { name: match[1], where: match[2] };
}
