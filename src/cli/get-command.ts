/** `kith get`: one profile, as tables of identifiers, traits, counts and newest events. */
import type { Client } from './client.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

export interface GetOptions {
  readonly events: number;
  readonly fields?: readonly string[] | undefined;
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
  if (options.events > 0) query.set('events', String(options.events));
  const suffix = query.size === 0 ? '' : `?${query}`;
  const path = `/v1/profiles/${encodeURIComponent(address).replaceAll('%3A', ':')}${suffix}`;
  const response = await client.send(path);
  if (options.json) {
    await write(terminal.stdout, `${(await response.text()).trimEnd()}\n`);
    return;
  }
  await write(terminal.stdout, profileText((await response.json()) as Profile, terminal));
}

function profileText(profile: Profile, terminal: Terminal): string {
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
  const traits = flatten(profile.traits ?? {});
  if (traits.length > 0) parts.push(formatTable(['trait', 'value'], traits));
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
