/** Tables with known truth: the real sets where they are, and made-up people; and how well groups and pairs meet the truth. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PeopleOptions, people } from '../../bench/linkage/people.ts';
import type { PersonField } from '../../bench/linkage/person-field.ts';
import { type RecordTable, RecordTableBuilder } from '../../src/linkage/record-table.ts';
import type { ScoredPairs } from '../../src/linkage/scored-pairs.ts';

const FOLDER = process.env['KITH_DATA_SETS'] ?? join(import.meta.dirname, '../../../shared/data');

export interface LabelledSet {
  readonly table: RecordTable;
  /** By row. */
  readonly person: readonly string[];
}

export function realSetPath(name: string): string | undefined {
  const path = join(FOLDER, 'record_linkage', name);
  return existsSync(path) ? path : undefined;
}

/** The first column is the record's id and is not compared; the truth is in it (Febrl) or in the column `cluster`. */
export function realSet(path: string): LabelledSet {
  const [head, ...rows] = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()));
  const cluster = head.indexOf('cluster');
  const compared = head.map((_, column) => column).filter((column) => column > 0 && column !== cluster);
  const builder = new RecordTableBuilder(compared.map((column) => ({ name: head[column] })));
  for (const row of rows) builder.add(compared.map((column) => row[column]));
  return { table: builder.finish(), person: rows.map((row) => (cluster > 0 ? row[cluster] : row[0].split('-')[1])) };
}

export function madeUpSet(fields: readonly PersonField[], options: PeopleOptions): LabelledSet {
  const builder = new RecordTableBuilder(fields.map((name) => ({ name })));
  const person: string[] = [];
  for (const record of people(options)) {
    builder.add(fields.map((field) => record.values[field]));
    person.push(String(record.person));
  }
  return { table: builder.finish(), person };
}

export interface Quality {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export function pairQuality({ count, a, b }: ScoredPairs, person: readonly string[]): Quality {
  let right = 0;
  for (let index = 0; index < count; index++) if (person[a[index]] === person[b[index]]) right++;
  return quality(right, count, pairsWithin(person));
}

/** Over the pairs of records that share a group. */
export function groupQuality(groups: Uint32Array, person: readonly string[]): Quality {
  const both = Array.from(groups, (group, row) => `${group} ${person[row]}`);
  return quality(pairsWithin(both), pairsWithin(Array.from(groups, String)), pairsWithin(person));
}

function quality(right: number, found: number, true_: number): Quality {
  return { precision: right / found, recall: right / true_, f1: (2 * right) / (found + true_) };
}

function pairsWithin(names: readonly string[]): number {
  const sizes = new Map<string, number>();
  for (const name of names) sizes.set(name, (sizes.get(name) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
}
