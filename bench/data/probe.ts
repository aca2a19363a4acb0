/** One question that both sides of the memory bench answer, to show that they hold the same data. */
import type { Expression } from '../../src/model/expression.ts';

export const PROBE: Expression = {
  and: [
    { trait: 'country', op: 'eq', value: 'US' },
    { event: 'Order Completed', where: [{ property: 'total', op: 'gte', value: 20 }], count: { op: 'gte', value: 2 } },
  ],
};

export const PROBE_SQL = `
  SELECT count(*) FROM profiles WHERE country = 'US' AND "user" IN
    (SELECT "user" FROM "Order Completed" WHERE total >= 20 GROUP BY "user" HAVING count(*) >= 2)`;

/** Leaves that make the engine build every index of traits it has, and its event indexes. */
export const INDEX_LEAVES: readonly Expression[] = [
  ...['country', 'city', 'language', 'currency', 'plan', 'device', 'channel', 'first_name', 'last_name'].map(
    (trait): Expression => ({ trait, op: 'eq', value: 'DE' }),
  ),
  ...['email', 'sms', 'push', 'ads'].map((of): Expression => ({ trait: `consent_${of}`, op: 'eq', value: true })),
  ...['is_verified', 'is_vip', 'has_app', 'has_card_on_file'].map(
    (trait): Expression => ({ trait, op: 'eq', value: true }),
  ),
  ...['age', 'ltv', 'score', 'loyalty_points'].map((trait): Expression => ({ trait, op: 'gt', value: 10 })),
  { trait: 'signup_date', op: 'after', value: '2025-06-01' },
  { trait: 'tags', op: 'contains', value: 'tag-001' },
  { trait: 'last_seen', op: 'after', value: '2025-12-01' },
  { event: 'Page Viewed', count: { op: 'gte', value: 20 }, window: { from: '2025-12-25T00:00:00Z' } },
  { event: 'Product Viewed', where: [{ property: 'category', op: 'eq', value: 'shoes' }] },
  { event: 'Order Completed', aggregate: { fn: 'sum', property: 'total', op: 'gt', value: 500 } },
];
