/**
 * The questions of the segments bench (Q1–Q15): in the query language, in SQL for DuckDB and in SQL for ClickHouse. Windows are
 * absolute, counted back from the end of the generated year, so that every contender means the same instants.
 *
 * In both databases `profiles` has a row a person and `events` all events of all names, sorted by user and time; `"user"` is the number in
 * the user id.
 */
import { formatIsoDate } from '../../src/base/iso-date.ts';
import { DAY_MS, DEFAULT_END_MS } from '../../src/generator/population.ts';
import type { FunnelRequest } from '../../src/model/analysis.ts';
import type { Expression } from '../../src/model/expression.ts';

export interface SegmentQuestion {
  readonly name: string;
  readonly title: string;
  readonly group: 'attribute' | 'rare' | 'frequent' | 'behaviour' | 'funnel';
  readonly ask: Expression | FunnelRequest;
  /** Gives the users of the segment, one column `"user"`; of the funnel, the counts of its steps in one row. Undefined = not asked of this peer. */
  readonly duckdb: string | undefined;
  readonly clickhouse: string | undefined;
}

export function isFunnel(ask: SegmentQuestion['ask']): ask is FunnelRequest {
  return 'steps' in ask;
}

/** The window of the last `days` of the data. */
const last = (days: number) => ({
  from: formatIsoDate(DEFAULT_END_MS - days * DAY_MS),
  to: formatIsoDate(DEFAULT_END_MS),
});
const since = (days: number): string => {
  const { from } = last(days);
  return `ts >= '${from.slice(0, 10)} ${from.slice(11, 23)}'`;
};

const COUNTRIES = 'US DE GB FR IN BR JP ES IT CA NL PL AU MX KR SE TR CH AT BE'.split(' ');
const ORDERS_30D: Expression = {
  event: 'Order Completed',
  count: { op: 'gte', value: 3 },
  window: last(30),
};
const GERMANY: Expression = { trait: 'country', op: 'eq', value: 'DE' };
const RICH: Expression = {
  event: 'Order Completed',
  aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 500 },
  window: last(90),
};
const ADDED: Expression = { event: 'Product Added', window: last(14) };
const ORDERED: Expression = { event: 'Order Completed', window: last(14) };
const Q7: Expression = { and: [ORDERS_30D, GERMANY] };
const Q9: Expression = { and: [ADDED, { not: ORDERED }] };

const people = (where: string): string => `SELECT "user" FROM profiles WHERE ${where}`;
const having = (where: string, condition: string): string =>
  `SELECT "user" FROM events WHERE ${where} GROUP BY "user" HAVING ${condition}`;
const ordersSql = having(`event = 'Order Completed' AND ${since(30)}`, 'count(*) >= 3');
const richSql = having(`event = 'Order Completed' AND ${since(90)}`, 'sum(total) > 500');
const added = `SELECT "user" FROM events WHERE event = 'Product Added' AND ${since(14)}`;
const ordered = `SELECT "user" FROM events WHERE event = 'Order Completed' AND ${since(14)}`;
const q7Sql = `${people("country = 'DE'")} AND "user" IN (${ordersSql})`;
const q9Sql = `SELECT DISTINCT "user" FROM events WHERE event = 'Product Added' AND ${since(14)} AND "user" NOT IN (${ordered})`;
/** ClickHouse keeps booleans as such and has `has…` for arrays. */
const both = (sql: string) => ({ duckdb: sql, clickhouse: sql });

const list = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');

export function segmentQuestions(emailOf: (user: number) => string): readonly SegmentQuestion[] {
  return [
    { name: 'Q1', title: 'country = DE', group: 'attribute', ask: GERMANY, ...both(people("country = 'DE'")) },
    {
      name: 'Q2',
      title: 'three equalities',
      group: 'attribute',
      ask: {
        and: [
          { trait: 'country', op: 'eq', value: 'US' },
          { trait: 'plan', op: 'eq', value: 'pro' },
          { trait: 'consent_email', op: 'eq', value: true },
        ],
      },
      ...both(people("country = 'US' AND plan = 'pro' AND consent_email")),
    },
    {
      name: 'Q3',
      title: 'or of 20, and not',
      group: 'attribute',
      ask: {
        and: [
          { or: COUNTRIES.map((value): Expression => ({ trait: 'country', op: 'eq', value })) },
          { not: { trait: 'has_app', op: 'eq', value: true } },
        ],
      },
      ...both(people(`country IN (${list(COUNTRIES)}) AND NOT has_app`)),
    },
    {
      name: 'Q4',
      title: 'two ranges',
      group: 'attribute',
      ask: {
        and: [
          { trait: 'age', op: 'between', value: [30, 39] },
          { trait: 'ltv', op: 'gt', value: 200 },
        ],
      },
      ...both(people('age BETWEEN 30 AND 39 AND ltv > 200')),
    },
    {
      name: 'Q5',
      title: 'any of three tags',
      group: 'attribute',
      ask: { trait: 'tags', op: 'in', value: ['tag-001', 'tag-017', 'tag-100'] },
      duckdb: people("list_has_any(tags, ['tag-001', 'tag-017', 'tag-100']::tag_name[])"),
      clickhouse: people("hasAny(tags, ['tag-001', 'tag-017', 'tag-100'])"),
    },
    {
      name: 'Q6',
      title: 'one e-mail address',
      group: 'attribute',
      ask: { trait: 'email', op: 'eq', value: emailOf(77) },
      ...both(people(`email = '${emailOf(77)}'`)),
    },
    { name: 'Q7', title: '3 orders in 30 d, and DE', group: 'rare', ask: Q7, ...both(q7Sql) },
    {
      name: 'Q8',
      title: '20 page views in 7 d',
      group: 'frequent',
      ask: { event: 'Page Viewed', count: { op: 'gte', value: 20 }, window: last(7) },
      ...both(having(`event = 'Page Viewed' AND ${since(7)}`, 'count(*) >= 20')),
    },
    {
      name: 'Q8b',
      title: '20 page views ever',
      group: 'frequent',
      ask: { event: 'Page Viewed', count: { op: 'gte', value: 20 } },
      ...both(having("event = 'Page Viewed'", 'count(*) >= 20')),
    },
    {
      name: 'Q8c',
      title: '20 page views in 180 d',
      group: 'frequent',
      ask: { event: 'Page Viewed', count: { op: 'gte', value: 20 }, window: last(180) },
      ...both(having(`event = 'Page Viewed' AND ${since(180)}`, 'count(*) >= 20')),
    },
    { name: 'Q9', title: 'added, not ordered, 14 d', group: 'behaviour', ask: Q9, ...both(q9Sql) },
    { name: 'Q10', title: 'sum over 500 in 90 d', group: 'behaviour', ask: RICH, ...both(richSql) },
    {
      name: 'Q11',
      title: 'seen in 7 d, and before 90 d',
      group: 'behaviour',
      ask: {
        and: [
          { event: 'Page Viewed', window: last(7) },
          { event: 'Page Viewed', window: { to: last(90).from } },
        ],
      },
      ...both(having("event = 'Page Viewed'", `max(ts) >= ${since(7).slice(6)} AND min(ts) < ${since(90).slice(6)}`)),
    },
    {
      name: 'Q12',
      title: '2 views of shoes in 30 d',
      group: 'behaviour',
      ask: {
        event: 'Product Viewed',
        where: [{ property: 'category', op: 'eq', value: 'shoes' }],
        count: { op: 'gte', value: 2 },
        window: last(30),
      },
      ...both(having(`event = 'Product Viewed' AND category = 'shoes' AND ${since(30)}`, 'count(*) >= 2')),
    },
    {
      name: 'Q13',
      title: 'viewed, added, ordered within 1 d',
      group: 'funnel',
      ask: {
        steps: [{ event: 'Product Viewed' }, { event: 'Product Added' }, { event: 'Order Completed' }],
        within: '1d',
      },
      duckdb: undefined,
      clickhouse: `SELECT countIf(depth >= 1) AS one, countIf(depth >= 2) AS two, countIf(depth >= 3) AS three FROM
        (SELECT "user", windowFunnel(86400000, 'strict_increase')(toUInt64(toUnixTimestamp64Milli(ts)),
          event = 'Product Viewed', event = 'Product Added', event = 'Order Completed') AS depth
        FROM events WHERE event IN ('Product Viewed', 'Product Added', 'Order Completed') GROUP BY "user")`,
    },
    {
      name: 'Q14',
      title: 'viewed, ordered, no page view between, 90 d',
      group: 'behaviour',
      ask: {
        sequence: [{ event: 'Product Viewed' }, { event: 'Order Completed', without: { event: 'Page Viewed' } }],
        window: last(90),
      },
      duckdb: `SELECT DISTINCT "user" FROM (SELECT "user", event,
          max(CASE WHEN event = 'Product Viewed' THEN ts END) OVER earlier AS viewed,
          max(CASE WHEN event = 'Page Viewed' THEN ts END) OVER earlier AS paged
        FROM events WHERE ${since(90)} AND event IN ('Product Viewed', 'Order Completed', 'Page Viewed')
        WINDOW earlier AS (PARTITION BY "user" ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
        WHERE event = 'Order Completed' AND viewed IS NOT NULL AND (paged IS NULL OR paged < viewed)`,
      clickhouse: undefined,
    },
    {
      name: 'Q15',
      title: '(Q7 or Q10) and not Q9',
      group: 'behaviour',
      ask: { and: [{ or: [Q7, RICH] }, { not: Q9 }] },
      ...both(
        `SELECT "user" FROM profiles WHERE ("user" IN (${q7Sql}) OR "user" IN (${richSql})) AND NOT ("user" IN (${added}) AND "user" NOT IN (${ordered}))`,
      ),
    },
  ];
}
