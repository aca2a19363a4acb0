/** What a client must have got across: one call of each kind for a customer, and many events of others. */
import { expect } from 'vitest';
import type { KithProcess } from '../process/kith-process.ts';

export const AT = new Date('2026-02-03T04:05:06.789Z');

/** Calls to make, in order; both SDKs take these shapes. */
export const CALLS = {
  identify: {
    userId: 'sdk-user',
    anonymousId: 'sdk-device',
    traits: { email: 'sdk@example.com', plan: 'pro', address: { city: 'Łódź' } },
    timestamp: AT,
  },
  track: {
    userId: 'sdk-user',
    event: 'Order Completed',
    properties: { total: 12.5, products: [{ sku: 'a' }] },
    timestamp: AT,
  },
  page: { userId: 'sdk-user', name: 'Pricing', category: 'Docs', properties: { path: '/pricing' }, timestamp: AT },
  screen: { anonymousId: 'sdk-device', name: 'Cart', properties: { items: 3 }, timestamp: AT },
  group: { userId: 'sdk-user', groupId: 'acme', traits: { seats: 40 }, timestamp: AT },
  alias: { userId: 'sdk-user', previousId: 'sdk-old-device', timestamp: AT },
};

export async function expectCallsArrived(kith: KithProcess): Promise<void> {
  const { status, json } = await kith.call('/v1/profiles/sdk-user?events=100');
  expect(status).toBe(200);
  expect(json.traits).toMatchObject({ email: 'sdk@example.com', plan: 'pro', address: { city: 'Łódź' } });
  expect(json.counts).toEqual({ 'Order Completed': 1, 'Page Viewed': 1, 'Screen Viewed': 1, 'Group Joined': 1 });
  const byEvent = new Map<string, { properties: unknown }>();
  for (const event of json.events) byEvent.set(event.event, event);
  expect(byEvent.get('Order Completed')?.properties).toEqual({ total: 12.5, products: [{ sku: 'a' }] });
  expect(byEvent.get('Page Viewed')?.properties).toMatchObject({ path: '/pricing', name: 'Pricing', category: 'Docs' });
  expect(byEvent.get('Screen Viewed')?.properties).toMatchObject({ items: 3, name: 'Cart' });
  expect(byEvent.get('Group Joined')?.properties).toEqual({ group_id: 'acme', traits: { seats: 40 } });
  for (const id of ['anonymous_id:sdk-device', 'email:sdk@example.com', 'anonymous_id:sdk-old-device']) {
    const found = await kith.call(`/v1/profiles/${id}`);
    expect({ id, found: found.json.id }).toEqual({ id, found: json.id });
  }
}

/** `count` events, numbered by the property `n`, spread over `userCount` users `<prefix>-<index>`. */
export async function expectEachOnce(
  kith: KithProcess,
  prefix: string,
  userCount: number,
  count: number,
): Promise<void> {
  const ids = Array.from({ length: userCount }, (_, index) => `${prefix}-${index}`);
  const { json } = await kith.post('/v1/profiles/get', { ids, events: 10_000 });
  const numbers: number[] = json.profiles.flatMap((profile: { events: { properties: { n: number } }[] } | null) =>
    (profile?.events ?? []).map(({ properties }) => properties.n),
  );
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
}
