/**
 * Where a call came from, by what its context says: `source` as text, `source.name`, `library.name`, the first that is there. A
 * sender who wants to be told apart names itself in `context.source`.
 */
import { type NameInterner, ROOT_CONTEXT } from '../ingest/name-interner.ts';
import type { EventTable } from './event-table.ts';

const SOURCE_PATHS: readonly (readonly string[])[] = [['source'], ['source', 'name'], ['library', 'name']];

/** Undefined when the call named none. */
export function sourceOf(table: EventTable, index: number, names: NameInterner): string | undefined {
  for (const segments of SOURCE_PATHS) {
    const texts = table.columnOf(names.path(ROOT_CONTEXT, segments))?.strings;
    const code = texts?.codes.get(index) ?? 0;
    if (code !== 0) return texts!.dictionary.text(code);
  }
  return undefined;
}
