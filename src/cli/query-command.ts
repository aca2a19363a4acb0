/** `kith query`: one question, answered as a number, as ids one a line, or as a table of profiles. */
import type { Client } from './client.ts';
import { formatCount } from './progress.ts';
import { formatTable } from './table.ts';
import { colorsOf, type Terminal, write } from './terminal.ts';

export interface QueryOptions {
  readonly as: 'count' | 'ids' | 'profiles';
  readonly limit?: number | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly events?: number | undefined;
  readonly at?: string | undefined;
  readonly json?: boolean | undefined;
}

interface Answer {
  readonly count?: number;
  readonly ids?: readonly string[];
  readonly profiles?: readonly ProfileJson[];
  readonly cursor?: string;
  readonly tookMs: number;
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
export async function runQuery(text: string, options: QueryOptions, client: Client, terminal: Terminal): Promise<void> {
  const { as, fields, events, at } = options;
  const base = { ...(text.trim() === '' ? {} : { where: text }), as, fields, events, at };
  if (as === 'count') {
    const answer = await client.sendJson<Answer>('/v1/query', { body: base });
    if (options.json) await write(terminal.stdout, `${JSON.stringify(answer)}\n`);
    else {
      const took = colorsOf(terminal).dim(`(${answer.tookMs.toFixed(1)} ms)`);
      await write(terminal.stdout, `${formatCount(answer.count ?? 0)} profiles ${took}\n`);
    }
    return;
  }
  const wanted = options.limit ?? (as === 'ids' ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT);
  let left = wanted;
  let cursor: string | undefined;
  const profiles: ProfileJson[] = [];
  do {
    const limit = Math.min(left, PAGE_COUNT_MAX);
    const answer = await client.sendJson<Answer>('/v1/query', { body: { ...base, limit, cursor } });
    const page: readonly (string | ProfileJson)[] = answer.ids ?? answer.profiles ?? [];
    if (options.json) for (const entry of page) await write(terminal.stdout, `${JSON.stringify(entry)}\n`);
    else if (answer.ids !== undefined) for (const id of answer.ids) await write(terminal.stdout, `${id}\n`);
    else profiles.push(...(answer.profiles ?? []));
    left -= page.length;
    cursor = page.length === 0 ? undefined : answer.cursor;
  } while (cursor !== undefined && left > 0);
  if (as === 'ids' || options.json) return;
  await write(terminal.stdout, profileTable(profiles, fields));
  if (cursor !== undefined) terminal.stderr.write(`the first ${formatCount(profiles.length)}; --limit gives more\n`);
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
