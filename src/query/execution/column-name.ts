/** Names of columns for people: found by looking through the shard's tables, so only where somebody asks (`explain`). */
import type { ValueColumn } from '../../profile/value-column.ts';
import type { QuestionData } from './instant.ts';

export class ColumnNames {
  readonly #names = new Map<object, string>();

  constructor(data: QuestionData) {
    const { profiles } = data;
    this.#names.set(profiles.firstSeen, 'first_seen');
    this.#names.set(profiles.lastSeen, 'last_seen');
    for (const column of profiles.traits) this.#add(column, '');
    for (const table of data.tables) {
      for (const column of table.properties) this.#add(column, '');
      for (const column of table.contexts) this.#add(column, 'context.');
    }
  }

  of(column: object | undefined): string {
    return (column === undefined ? undefined : this.#names.get(column)) ?? 'a field';
  }

  #add(column: ValueColumn, prefix: string): void {
    const name = prefix + column.segments.map((segment) => segment.replace(/[\\.]/g, '\\$&')).join('.');
    const { numbers, strings, booleans, arrays, marks } = column;
    for (const part of [column, numbers, strings, strings?.codes, booleans, arrays, arrays?.codes, marks]) {
      if (part !== undefined) this.#names.set(part, name);
    }
  }
}
