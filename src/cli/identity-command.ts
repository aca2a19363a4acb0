/** `kith identity`: what holds a profile together, merging and separating by a person's word. The rules: `identity-rules-command.ts`. */
import type { GraphLink, IdentityGraph, MergeAnswer, UnmergeAnswer } from '../model/identity-request.ts';
import type { Identifier, Profile } from '../model/profile.ts';
import type { Client } from './client.ts';
import { formatCell, formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

/** Of one profile, in a table. */
const IDENTIFIER_COUNT = 20;

export interface IdentityOptions {
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Errors: profile_not_found. */
export async function runIdentityShow(
  id: string,
  options: IdentityOptions,
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const path = `/v1/profiles/${encodeURIComponent(id).replaceAll('%3A', ':')}/identity`;
  const graph = await client.sendJson<IdentityGraph>(path);
  if (options.json) return write(terminal.stdout, `${JSON.stringify(graph)}\n`);
  const { bold, dim } = colorsOf(terminal);
  const identifiers = graph.identifiers.map(({ type, value, linkedAt }) => [type, value, linkedAt]);
  const journal = graph.journal.map(({ at, kind, reason, from, to, id: entry }) => [at, kind, reason, from, to, entry]);
  const parts = [
    `${bold(formatCell(graph.id))}\n`,
    formatTable(['identifier', 'value', 'since'], identifiers),
    linkTable(graph.links),
    journal.length === 0 ? '' : formatTable(['journal', 'what', 'by', 'from', 'to', 'id'], journal),
  ];
  if (graph.journal.some(({ kind }) => kind === 'merge')) {
    parts.push(dim(`to undo one: kith identity unmerge ${formatCell(id)} --merge ID --dry-run\n`));
  }
  await write(terminal.stdout, parts.join(''));
}

/** Errors: profile_not_found, merge_refused. */
export async function runIdentityMerge(
  into: string,
  from: string,
  options: IdentityOptions,
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const body = { into, from, ...(options.dryRun ? { dryRun: true } : {}) };
  const answer = await client.sendJson<MergeAnswer>('/v1/identity/merge', { body });
  if (options.json) return write(terminal.stdout, `${JSON.stringify(answer)}\n`);
  const { bold, yellow } = colorsOf(terminal);
  const names = `${formatCell(into)} and ${formatCell(from)}`;
  const name = bold(formatCell(answer.profile.id));
  const parts = [
    answer.isDone
      ? `${names} are one profile now: ${name}\n`
      : `${names} would be one profile: ${name}; nothing was changed\n`,
    profileTable([answer.profile]),
  ];
  const conflicts = answer.conflicts.map(({ trait, into: left, from: right, result }) =>
    [trait, left, right, result].map(plain),
  );
  if (conflicts.length > 0) parts.push(formatTable(['both had', `of ${into}`, `of ${from}`, 'what stays'], conflicts));
  if (answer.beyondLimits.length > 0) {
    parts.push(yellow(`more than the rules allow by themselves: ${answer.beyondLimits.map(formatCell).join(', ')}\n`));
  }
  await write(terminal.stdout, parts.join(''));
}

/** Errors: profile_not_found, merge_not_found, invalid_request. */
export async function runIdentityUnmerge(
  id: string,
  options: IdentityOptions & {
    readonly merge?: string | undefined;
    readonly identifiers?: readonly string[] | undefined;
  },
  client: Client,
  terminal: Terminal,
): Promise<void> {
  const { merge, identifiers, dryRun } = options;
  const body = { profile: id, merge, identifiers, ...(dryRun ? { dryRun } : {}) };
  const answer = await client.sendJson<UnmergeAnswer>('/v1/identity/unmerge', { body });
  if (options.json) return write(terminal.stdout, `${JSON.stringify(answer)}\n`);
  const { yellow } = colorsOf(terminal);
  if (answer.heldBy !== undefined) {
    const text =
      'nothing was changed: other links hold the two together. To separate them, name one side by --identifiers';
    await write(terminal.stdout, `${yellow(text)}\n${linkTable(answer.heldBy)}`);
    return;
  }
  const count = answer.profiles.length;
  const profiles = `${count} ${count === 1 ? 'profile' : 'profiles'}`;
  const parts = [
    answer.isDone ? `separated: ${profiles} now\n` : `would be ${profiles}; nothing was changed\n`,
    profileTable(answer.profiles),
    'links cut, which do not come back by events:\n',
    linkTable(answer.cut),
  ];
  await write(terminal.stdout, parts.join(''));
}

function linkTable(links: readonly GraphLink[]): string {
  if (links.length === 0) return '';
  const rows = links.map(({ from, to, linkedAt }) => [textOf(from), textOf(to), linkedAt]);
  return formatTable(['link from', 'to', 'since'], rows);
}

/** A line an identifier, so that none is cut short. */
function profileTable(profiles: readonly Profile[]): string {
  const rows = profiles.flatMap(({ id, identifiers, counts, last_seen: lastSeen }) => {
    const events = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const shown = identifiers.slice(0, IDENTIFIER_COUNT).map(textOf);
    if (identifiers.length > shown.length) shown.push(`and ${identifiers.length - shown.length} more`);
    return shown.map((identifier, i) =>
      i === 0 ? [id, identifier, String(events), lastSeen] : ['', identifier, '', ''],
    );
  });
  return formatTable(['profile', 'identifiers', 'events', 'last seen'], rows);
}

function textOf({ type, value }: Identifier): string {
  return `${type}:${value}`;
}

/** A number among texts would be grouped (1,234): values must read as they are. */
export function plain(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}
