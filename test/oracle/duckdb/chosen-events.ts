/** The events that a leaf, a step or an analysis speaks of, as a relation with the columns id, profile, time_ms, arrival, place. */
import type { EventLeaf, Expression } from '../../../src/model/expression.ts';
import { predicateSql } from './predicate.ts';
import { reachedProperty } from './relation.ts';
import { quote } from './sql-text.ts';
import { windowSql } from './window.ts';

export interface SqlMoment {
  readonly nowMs: number;
  readonly atMs?: number | undefined;
  readonly segments?: ReadonlyMap<string, Expression> | undefined;
}

export function nowSql({ nowMs, atMs }: SqlMoment): string {
  return String(atMs ?? nowMs);
}

export function chosenEvents(leaf: Pick<EventLeaf, 'event' | 'where' | 'window'>, moment: SqlMoment): string {
  const now = nowSql(moment);
  const conditions = [
    `e.name = ${quote(leaf.event)}`,
    windowSql('e.time_ms', leaf.window, now),
    ...(moment.atMs === undefined ? [] : [`e.time_ms <= ${moment.atMs}`]),
    ...(leaf.where ?? []).map((predicate) =>
      predicateSql('e.id', reachedProperty(predicate.property), predicate, { now, ownerKind: 'event' }),
    ),
  ];
  return `(SELECT e.id, e.profile, e.time_ms, e.arrival, e.place FROM events e WHERE ${conditions.join(' AND ')})`;
}
