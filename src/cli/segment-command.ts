/** `kith segment`: list, save, show, delete, members. */
import type { CountBody, IdsBody } from '../model/query.ts';
import type { Segment, SegmentSaved } from '../model/segment.ts';
import type { Client } from './client.ts';
import type { CommandRun } from './command-option.ts';
import { formatCount } from './progress.ts';
import { parseCondition } from './question-text.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';
import { printWarnings } from './warning-text.ts';

const PAGE_COUNT_MAX = 10_000;

export interface SegmentOptions {
  readonly json?: boolean | undefined;
}

function pathOf(key: string): string {
  return `/v1/segments/${encodeURIComponent(key)}`;
}

/** `counts`: with how many profiles are in each, one question a segment. */
export async function runSegmentList(
  options: SegmentOptions & { readonly counts?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const { segments } = await client.sendJson<{ readonly segments: readonly Segment[] }>('/v1/segments');
  if (options.json) {
    for (const segment of segments) await write(terminal.stdout, `${JSON.stringify(segment)}\n`);
    return;
  }
  const head = ['key', ...(options.counts ? ['profiles'] : []), 'name', 'condition', 'changed'];
  const rows: unknown[][] = [];
  for (const { key, name, text, updatedAt } of segments) {
    const counted = options.counts ? [await countOf(key, client)] : [];
    rows.push([key, ...counted, name === key ? '' : name, text, updatedAt]);
  }
  await write(terminal.stdout, formatTable(head, rows));
}

async function countOf(key: string, client: Client): Promise<number> {
  const body = { where: { segment: key }, as: 'count' };
  return (await client.sendJson<CountBody>('/v1/query', { body })).count;
}

export async function runSegmentSave(
  key: string,
  where: string,
  options: SegmentOptions & { readonly name?: string | undefined; readonly description?: string | undefined },
  client: Client,
  terminal: Terminal,
  run: CommandRun,
): Promise<void> {
  run.queryText = where;
  const { name, description } = options;
  const body = { where: parseCondition(where), name, description };
  const saved = await client.sendJson<SegmentSaved>(pathOf(key), { method: 'PUT', body });
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(saved)}\n`);
    return;
  }
  printWarnings(saved.warnings, where, terminal);
  await write(terminal.stdout, `saved ${colorsOf(terminal).bold(saved.key)}: ${saved.text}\n`);
}

export async function runSegmentShow(
  key: string,
  options: SegmentOptions,
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const segment = await client.sendJson<Segment>(pathOf(key));
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(segment)}\n`);
    return;
  }
  const { name, description, text, createdAt, updatedAt } = segment;
  const count = formatCount(await countOf(key, client));
  const lines = [
    colorsOf(terminal).bold(name),
    ...(description === undefined ? [] : [description]),
    text,
    `${count} profiles; made ${createdAt}, changed ${updatedAt}`,
  ];
  await write(terminal.stdout, `${lines.join('\n')}\n`);
}

export async function runSegmentDelete(
  key: string,
  options: SegmentOptions,
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const answer = await client.sendJson<object>(pathOf(key), { method: 'DELETE' });
  await write(terminal.stdout, options.json ? `${JSON.stringify(answer)}\n` : `deleted ${key}\n`);
}

/** Ids one a line, as `kith query --as ids` gives them. */
export async function runSegmentMembers(
  key: string,
  options: SegmentOptions & { readonly limit?: number | undefined },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(left, PAGE_COUNT_MAX)) });
    if (cursor !== undefined) query.set('cursor', cursor);
    const page: IdsBody = await client.sendJson(`${pathOf(key)}/members?${query}`);
    for (const id of page.ids) await write(terminal.stdout, `${options.json ? JSON.stringify(id) : id}\n`);
    left -= page.ids.length;
    cursor = page.ids.length === 0 ? undefined : page.cursor;
  } while (cursor !== undefined && left > 0);
}
