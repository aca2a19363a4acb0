/**
 * The second opinion: the profiles of a naive model loaded into DuckDB, questions asked in SQL. It checks the evaluator of
 * the naive model, not its ingest, whose outcome it takes as its data.
 */
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import type { Expression } from '../../../src/model/expression.ts';
import type { JsonValue } from '../naive/json-value.ts';
import { type NaiveProfile, seenTraits } from '../naive/profile.ts';
import type { SqlMoment } from './chosen-events.ts';
import { expressionSql } from './expression.ts';
import { bucketOf } from './random-bucket.ts';
import { FINISH_SQL, SCHEMA_SQL } from './schema.ts';
import { shred } from './shred.ts';
import { double, quote } from './sql-text.ts';

export class DuckDbModel {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #names: readonly string[];
  readonly #salts = new Set<string>();

  constructor(instance: DuckDBInstance, connection: DuckDBConnection, names: readonly string[]) {
    this.#instance = instance;
    this.#connection = connection;
    this.#names = names;
  }

  static async open(profiles: readonly NaiveProfile[]): Promise<DuckDbModel> {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(SCHEMA_SQL);
    await load(connection, profiles);
    await connection.run(FINISH_SQL);
    return new DuckDbModel(
      instance,
      connection,
      profiles.map(({ id }) => id),
    );
  }

  async query(expression: Expression, moment: SqlMoment): Promise<Set<string>> {
    const rows = await this.rows(`SELECT p.name FROM profiles p WHERE ${await this.condition(expression, moment)}`);
    return new Set(rows.map(([name]) => String(name)));
  }

  /** The condition on `profiles p`; what it needs beside the tables is made. */
  async condition(expression: Expression, moment: SqlMoment): Promise<string> {
    const sql = expressionSql(expression, moment);
    for (const { salt } of saltsOf([expression, [...(moment.segments?.values() ?? [])]])) await this.#addBuckets(salt);
    return sql;
  }

  async rows(sql: string): Promise<readonly (readonly DuckDBValue[])[]> {
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  async #addBuckets(salt: string): Promise<void> {
    if (this.#salts.has(salt)) return;
    this.#salts.add(salt);
    const rows = this.#names.map((name, id) => `(${quote(salt)}, ${id}, ${double(bucketOf(salt, name))})`);
    if (rows.length > 0) await this.#connection.run(`INSERT INTO buckets VALUES ${rows.join(', ')}`);
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

async function load(connection: DuckDBConnection, profiles: readonly NaiveProfile[]): Promise<void> {
  const rows = await connection.createAppender('profiles');
  const events = await connection.createAppender('loaded_events');
  const nodes = await connection.createAppender('loaded');
  let eventId = 0;
  for (const [id, profile] of profiles.entries()) {
    rows.appendInteger(id);
    rows.appendVarchar(profile.id);
    rows.endRow();
    appendNodes(nodes, 'trait', id, { ...profile.traits, ...seenTraits(profile) });
    for (const event of profile.events) {
      events.appendInteger(eventId);
      events.appendInteger(id);
      events.appendVarchar(event.name);
      events.appendBigInt(BigInt(event.timeMs));
      events.appendInteger(event.arrival);
      events.endRow();
      appendNodes(nodes, 'property', eventId, event.properties);
      if (event.context !== undefined) appendNodes(nodes, 'context', eventId, event.context);
      eventId += 1;
    }
  }
  for (const appender of [rows, events, nodes]) appender.closeSync();
}

function appendNodes(appender: DuckDBAppender, part: string, owner: number, document: JsonValue): void {
  for (const { path, ordinal, kind, value, isInArray } of shred(document)) {
    appender.appendVarchar(part);
    appender.appendInteger(owner);
    appender.appendVarchar(path);
    appender.appendInteger(ordinal);
    appender.appendVarchar(kind);
    if (typeof value === 'number') appender.appendDouble(value);
    else appender.appendNull();
    if (typeof value === 'string') appender.appendVarchar(value);
    else appender.appendNull();
    if (typeof value === 'boolean') appender.appendBoolean(value);
    else appender.appendNull();
    appender.appendBoolean(isInArray);
    appender.endRow();
  }
}

/** The salts of all random buckets, wherever they stand. */
function saltsOf(json: unknown): readonly { readonly salt: string }[] {
  if (typeof json !== 'object' || json === null) return [];
  if ('random' in json) return [json.random as { salt: string }];
  return Object.values(json).flatMap(saltsOf);
}
