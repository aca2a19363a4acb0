/** The analyses by SQL against the naive model. What is compared of each is said beside it; the rest is the naive model's word alone. */
import type {
  BreakdownRequest,
  FunnelRequest,
  GroupValue,
  RetentionRequest,
  RfmRequest,
} from '../../src/model/analysis.ts';
import { canonicalText } from './canonical.ts';
import type { SqlMoment } from './duckdb/chosen-events.ts';
import { breakdownSql, retentionSql, rfmSql } from './duckdb/cohort.ts';
import type { DuckDbModel } from './duckdb/duckdb-model.ts';
import { chainSql, depthSql } from './duckdb/funnel.ts';
import type { Analysis } from './generate/analysis.ts';
import { breakdown } from './naive/breakdown.ts';
import type { Moment } from './naive/event-choice.ts';
import { funnel } from './naive/funnel.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import type { NaiveProfile } from './naive/profile.ts';
import { retention } from './naive/retention.ts';
import { rfmCustomers } from './naive/rfm.ts';
import { percentile } from './naive/total.ts';

type Pair = readonly [sql: unknown, naive: unknown];

export async function compareAnalysisSql(
  duckdb: DuckDbModel,
  naive: NaiveModel,
  analysis: Analysis,
  moment: Moment,
): Promise<string | undefined> {
  const { where } = analysis;
  const condition = where === undefined ? 'TRUE' : await duckdb.condition(where, moment);
  const selected = `SELECT p.id FROM profiles p WHERE ${condition}`;
  const hits = where === undefined ? undefined : naive.query(where, moment);
  const profiles = naive.profilesAt(moment.atMs).filter(({ id }) => hits?.has(id) ?? true);
  const pair = await pairOf(duckdb, analysis, selected, profiles, moment);
  if (pair === undefined) return undefined;
  const [sql, own] = pair.map(canonicalText);
  return sql === own ? undefined : `DuckDB ${sql}, naive model ${own}`;
}

function pairOf(
  duckdb: DuckDbModel,
  { breakdown, funnel, retention, rfm }: Analysis,
  selected: string,
  profiles: readonly NaiveProfile[],
  moment: Moment,
): Promise<Pair> | undefined {
  if (breakdown !== undefined) return groups(duckdb, breakdown, selected, profiles, moment);
  if (funnel !== undefined) return depths(duckdb, funnel, selected, profiles, moment);
  if (retention !== undefined) return cohorts(duckdb, retention, selected, profiles, moment);
  if (rfm !== undefined) return scores(duckdb, rfm, selected, profiles, moment);
  // Overlaps are counts of conditions, which are compared anyway.
  return undefined;
}

/** All groups with their sizes, in no order, and the total; no further figure. */
async function groups(
  duckdb: DuckDbModel,
  request: BreakdownRequest,
  selected: string,
  profiles: readonly NaiveProfile[],
  moment: SqlMoment,
): Promise<Pair> {
  const members = `(${breakdownSql(request, selected, moment)})`;
  const sizes =
    request.event === undefined ? 'count(DISTINCT profile)' : 'count(DISTINCT profile), count(DISTINCT event)';
  const values = request.by.map((_, i) => `value${i}`).join(', ');
  const rows = await duckdb.rows(`SELECT ${sizes}, ${values} FROM ${members} GROUP BY ${values}`);
  const [total] = await duckdb.rows(`SELECT ${sizes} FROM ${members}`);
  const sizeCount = request.event === undefined ? 1 : 2;
  const sql = rows.map((row) => [
    ...row.slice(0, sizeCount).map(Number),
    ...row.slice(sizeCount).map((value) => (value === null ? 'null' : keyOfText(String(value)))),
  ]);
  const own = breakdown({ ...request, aggregate: undefined, limit: 1_000_000 }, profiles, moment);
  const sizesOf = (each: { readonly profiles: number; readonly events?: number }): readonly number[] =>
    each.events === undefined ? [each.profiles] : [each.profiles, each.events];
  return [
    [sql.map(canonicalText).sort(), [rows.length, ...total.map(Number)]],
    [
      own.groups.map((group) => canonicalText([...sizesOf(group), ...group.values.map(keyOf)])).sort(),
      [own.total.groups, ...sizesOf(own.total)],
    ],
  ];
}

function keyOf(value: GroupValue): string {
  return value === null ? 'null' : `${typeof value} ${value}`;
}

/** Numbers are written in another way by SQL. */
function keyOfText(text: string): string {
  return text.startsWith('number ') ? `number ${Number(text.slice(7))}` : text;
}

/** The counts of the steps, and the medians; not split by anything. */
async function depths(
  duckdb: DuckDbModel,
  request: FunnelRequest,
  selected: string,
  profiles: readonly NaiveProfile[],
  moment: SqlMoment,
): Promise<Pair> {
  const counts: number[] = [];
  for (const i of request.steps.keys()) {
    const [row] = await duckdb.rows(depthSql(request, i + 1, selected, moment));
    counts.push(Number(row[0]));
  }
  const gaps = request.steps.slice(1).map((_, i) => `gap${i + 1}`);
  const rows = await duckdb.rows(`SELECT ${gaps.join(', ')} FROM (${chainSql(request, selected, moment)})`);
  const medians = gaps.map((_, i) => {
    const times = rows.flatMap((row) => (row[i] === null ? [] : [Number(row[i])]));
    return percentile(times, 50);
  });
  const own = funnel({ ...request, by: undefined }, profiles, moment).steps;
  return [
    [counts, [null, ...medians]],
    [own.map(({ count }) => count), own.map(({ medianMs }) => medianMs)],
  ];
}

async function cohorts(
  duckdb: DuckDbModel,
  request: RetentionRequest,
  selected: string,
  profiles: readonly NaiveProfile[],
  moment: SqlMoment,
): Promise<Pair> {
  const rows = await duckdb.rows(retentionSql(request, selected, moment));
  const sql = rows.map(([cohort, size, k, returned, begun]) => [
    String(cohort),
    Number(size),
    Number(k),
    begun === true ? Number(returned) : null,
  ]);
  const own = retention(request, profiles, moment).cohorts.flatMap(({ cohort, size, counts }) =>
    counts.map((count, k) => [cohort, size, k, count]),
  );
  return [sql, own];
}

/** Every customer's figures and scores. */
async function scores(
  duckdb: DuckDbModel,
  request: RfmRequest,
  selected: string,
  profiles: readonly NaiveProfile[],
  moment: SqlMoment,
): Promise<Pair> {
  const rows = await duckdb.rows(rfmSql(request, selected, moment));
  const sql = rows.map(([name, ...figures]) => canonicalText([String(name), ...figures.map(Number)]));
  const own = rfmCustomers(request, profiles, moment).map((each) =>
    canonicalText([each.id, each.orders, each.revenue, each.recency, each.frequency, each.monetary]),
  );
  return [sql.sort(), own.sort()];
}
