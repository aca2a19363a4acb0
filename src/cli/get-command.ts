/** `kith get`: one profile, as tables of identifiers, traits, counts and newest events. */
import type { Client } from './client.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

export interface GetOptions {
  readonly events: number;
  readonly fields?: readonly string[] | undefined;
  readonly at?: string | undefined;
  readonly verbose?: boolean | undefined;
  /** Newest changes of traits; 0 or absent = none. */
  readonly history?: number | undefined;
  readonly json?: boolean | undefined;
}

interface Profile {
  readonly id: string;
  readonly identifiers?: readonly { readonly type: string; readonly value: string }[];
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly first_seen?: string;
  readonly last_seen?: string;
  readonly counts?: Readonly<Record<string, number>>;
  readonly segments?: readonly string[];
  readonly events?: readonly { readonly event: string; readonly timestamp: string; readonly properties: unknown }[];
}

/** Errors: profile_not_found. */
export async function runGet(address: string, options: GetOptions, client: Client, terminal: Terminal): Promise<void> {
  const query = new URLSearchParams();
  if (options.fields !== undefined) query.set('fields', options.fields.join(','));
  if (options.at !== undefined) query.set('at', options.at);
  if (options.verbose) query.set('verbose', 'true');
  if (options.events > 0) query.set('events', String(options.events));
  const suffix = query.size === 0 ? '' : `?${query}`;
  const path = `/v1/profiles/${encodeURIComponent(address).replaceAll('%3A', ':')}`;
  const response = await client.send(`${path}${suffix}`);
  const history = options.history ? await changesOf(path, options, client) : undefined;
  if (options.json) {
    const profile = (await response.text()).trimEnd();
    const whole = history === undefined ? profile : JSON.stringify({ ...(JSON.parse(profile) as object), history });
    await write(terminal.stdout, `${whole}\n`);
    return;
  }
  const profile = (await response.json()) as Profile;
  await write(terminal.stdout, profileText(profile, options, terminal) + historyText(history ?? []));
}

interface Change {
  readonly trait: string;
  readonly kind: string;
  readonly value?: unknown;
  readonly previous?: unknown;
  readonly at: string;
  readonly source: string | null;
  readonly messageId: string;
}

async function changesOf(path: string, { history, fields, at }: GetOptions, client: Client): Promise<Change[]> {
  const query = new URLSearchParams({ order: 'desc', limit: String(history) });
  if (fields !== undefined) query.set('trait', fields.join(','));
  if (at !== undefined) query.set('to', at);
  const response = await client.send(`${path}/history?${query}`);
  return ((await response.json()) as { readonly changes: Change[] }).changes;
}

function historyText(changes: readonly Change[]): string {
  if (changes.length === 0) return '';
  const rows = changes.map(({ at, trait, previous, value, source }) => [
    at,
    trait,
    shown(previous),
    shown(value),
    source ?? '',
  ]);
  return formatTable(['changes', 'trait', 'from', 'to', 'source'], rows);
}

function shown(value: unknown): string {
  return value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function profileText(profile: Profile, { verbose }: GetOptions, terminal: Terminal): string {
  const { bold, dim } = colorsOf(terminal);
  const seen = profile.first_seen === undefined ? '' : dim(`  seen ${profile.first_seen} to ${profile.last_seen}`);
  const others = (profile.identifiers ?? []).filter(({ value }) => value !== profile.id);
  const parts = [`${bold(profile.id)}${seen}\n`];
  if (others.length > 0)
    parts.push(
      formatTable(
        ['identifier', 'value'],
        others.map(({ type, value }) => [type, value]),
      ),
    );
  const traits = verbose ? [] : flatten(profile.traits ?? {});
  if (traits.length > 0) parts.push(formatTable(['trait', 'value'], traits));
  if (verbose) parts.push(tracedText(profile.traits ?? {}));
  const counts = Object.entries(profile.counts ?? {}).sort((a, b) => b[1] - a[1]);
  if (counts.length > 0) parts.push(formatTable(['event', 'count'], counts));
  const events = profile.events ?? [];
  if (events.length > 0) {
    const rows = events.map(({ event, timestamp, properties }) => [timestamp, event, propertiesText(properties)]);
    parts.push(formatTable(['newest events', 'event', 'properties'], rows));
  }
  if ((profile.segments ?? []).length > 0) parts.push(`segments: ${profile.segments!.join(', ')}\n`);
  return parts.join('');
}

/** Traits by path, each with where it comes from. */
function tracedText(traits: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(traits).map(([path, traced]) => {
    const { value, source, at, messageId } = traced as Change;
    return [path, shown(value), source ?? '', at, messageId];
  });
  return rows.length === 0 ? '' : formatTable(['trait', 'value', 'source', 'at', 'message'], rows);
}

/** Nested traits by path; an array stays one value. */
function flatten(traits: object, prefix = ''): [path: string, value: unknown][] {
  return Object.entries(traits).flatMap(([name, value]): [string, unknown][] => {
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    // A number among texts would be grouped (1,234) and lined up by itself: identifiers must read as they are.
    return isNested ? flatten(value as object, `${prefix}${name}.`) : [[prefix + name, plain(value)]];
  });
}

function plain(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

function propertiesText(properties: unknown): string {
  return Object.entries((properties ?? {}) as object)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}
