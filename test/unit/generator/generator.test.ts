import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Choice } from '../../../src/generator/choice.ts';
import { DAY_MS, DEFAULT_END_MS, EventCounts, SIZES } from '../../../src/generator/population.ts';
import { generateProfile } from '../../../src/generator/profile.ts';
import { exponential, mix, Random } from '../../../src/generator/random.ts';
import { forEachEvent, generateEventStream, generateIdentifyStream } from '../../../src/generator/stream.ts';
import { messageIdText, userIdText } from '../../../src/generator/text.ts';
import { generateEvents, type TrackItem, toTrackItem } from '../../../src/generator/timeline.ts';

const SMALL = { seed: 7, profiles: 500, events: 20_000 };
const YEAR_MS = 365 * DAY_MS;

describe('draws', () => {
  it('mix maps 16 bits of counters to distinct numbers', () => {
    const seen = new Set<number>();
    for (let value = 0; value < 65_536; value++) seen.add(mix(value));
    expect(seen.size).toBe(65_536);
  });

  it('a choice follows its weights', () => {
    const choice = new Choice([6, 3, 1]);
    const random = new Random().reset(1);
    const counts = [0, 0, 0];
    for (let draw = 0; draw < 100_000; draw++) counts[choice.draw(random)]++;
    expect(counts.map((count) => Math.round(count / 1_000))).toEqual([60, 30, 10]);
  });

  it('exponential is near e^x', () => {
    for (const x of [-3, -0.5, 0, 1, 4, 9]) expect(exponential(x) / Math.exp(x)).toBeCloseTo(1, 2);
  });
});

describe('texts', () => {
  it('message ids have the form of a version 4 UUID and do not repeat', () => {
    const ids = new Set<string>();
    for (let user = 0; user < 300; user++)
      for (let index = 0; index < 100; index++) ids.add(messageIdText(5, user, index));
    expect(ids.size).toBe(30_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('counts of events', () => {
  it.each([
    { seed: 1, profiles: 1, events: 17 },
    { seed: 2, profiles: 1_000, events: 20_000 },
    { seed: 3, profiles: 70_001, events: 1_000_000 },
    { seed: 4, profiles: 200_000, events: 4_000_000 },
  ])('of all users add up to exactly the events asked for: %o', (population) => {
    const counts = new EventCounts(population);
    let sum = 0;
    for (let user = 0; user < population.profiles; user++) sum += counts.of(user);
    expect(sum).toBe(population.events);
  });

  it('have whales and people without any', () => {
    const counts = new EventCounts({ seed: 1, ...SIZES.S });
    const sorted = Array.from({ length: SIZES.S.profiles }, (_, user) => counts.of(user)).sort((a, b) => b - a);
    expect(sorted[0]).toBeGreaterThan(1_000);
    expect(sorted.at(-1)).toBe(0);
    const top = sorted.slice(0, SIZES.S.profiles / 5).reduce((sum, count) => sum + count, 0);
    expect(top / SIZES.S.events).toBeGreaterThan(0.5);
  });
});

describe('a profile', () => {
  it('has 24 traits and depends on seed and user alone', () => {
    const profile = generateProfile(7, 123);
    expect(Object.keys(profile.traits)).toHaveLength(24);
    expect(profile.userId).toBe(userIdText(123));
    generateProfile(7, 99);
    expect(generateProfile(7, 123)).toEqual(profile);
    expect(generateProfile(8, 123)).not.toEqual(profile);
  });

  it('population has the shares it should have', () => {
    const profiles = Array.from({ length: 5_000 }, (_, user) => generateProfile(1, user).traits);
    const share = (isIn: (traits: (typeof profiles)[number]) => boolean): number =>
      profiles.filter(isIn).length / 5_000;
    expect(share((traits) => traits['country'] === 'US')).toBeCloseTo(0.222, 1);
    expect(share((traits) => traits['plan'] === 'free')).toBeCloseTo(0.7, 1);
    expect(share((traits) => traits['consent_sms'] === true)).toBeCloseTo(0.3, 1);
    expect(new Set(profiles.map((traits) => traits['email'])).size).toBe(5_000);
    expect(new Set(profiles.map((traits) => traits['country'])).size).toBe(50);
    for (const traits of profiles) {
      expect(traits['tags']).toEqual([...new Set(traits['tags'] as readonly string[])]);
      expect(traits['ltv']).toBeGreaterThan(0);
    }
  });
});

describe('events of one user', () => {
  it('are in time order, inside the window and after the sign-up', () => {
    for (let user = 0; user < 200; user++) {
      const events = generateEvents(SMALL.seed, user, SMALL);
      const signupDay = generateProfile(SMALL.seed, user).traits['signup_date'] as string;
      let before = DEFAULT_END_MS - YEAR_MS;
      for (const event of events) {
        expect(event.timestampMs).toBeGreaterThanOrEqual(before);
        expect(event.timestampMs).toBeLessThan(DEFAULT_END_MS);
        expect(event.timestampMs).toBeGreaterThan(Date.parse(signupDay) - DAY_MS);
        before = event.timestampMs;
      }
    }
  });

  it('are the same that the stream yields for the user', () => {
    const byUser = new Map<string, TrackItem[]>();
    for (const item of generateEventStream(SMALL)) {
      byUser.set(item.userId, [...(byUser.get(item.userId) ?? []), item]);
    }
    for (let user = 0; user < SMALL.profiles; user++) {
      const alone = generateEvents(SMALL.seed, user, SMALL).map((event) => toTrackItem(user, event));
      expect(byUser.get(userIdText(user)) ?? []).toEqual(alone);
    }
  });
});

describe('the stream', () => {
  it('yields exactly the events asked for, near to time order, with distinct message ids', () => {
    const ids = new Set<string>();
    let latestMs = 0;
    let lagMsMax = 0;
    for (const item of generateEventStream(SMALL)) {
      ids.add(item.messageId);
      const ms = Date.parse(item.timestamp);
      latestMs = Math.max(latestMs, ms);
      lagMsMax = Math.max(lagMsMax, latestMs - ms);
    }
    expect(ids.size).toBe(SMALL.events);
    expect(lagMsMax).toBeLessThan(2 * 3_600_000);
  });

  it('has the advertised weights, more by day than by night, and orders that follow additions', () => {
    const counts = new Map<string, number>();
    const hours = new Array<number>(24).fill(0);
    const added = new Map<number, unknown>();
    let orders = 0;
    let ordersAfterAdded = 0;
    forEachEvent({ seed: 1, profiles: 5_000, events: 200_000 }, (userIndex, event) => {
      counts.set(event.event, (counts.get(event.event) ?? 0) + 1);
      hours[Math.floor(event.timestampMs / 3_600_000) % 24]++;
      if (event.event === 'Product Added') added.set(userIndex, event.properties['sku']);
      if (event.event !== 'Order Completed') return;
      orders++;
      if (added.get(userIndex) === event.properties['sku']) ordersAfterAdded++;
    });
    const percent = (name: string): number => (counts.get(name) ?? 0) / 2_000;
    expect(percent('Page Viewed')).toBeCloseTo(60, 0);
    expect(percent('Product Viewed')).toBeCloseTo(20, 0);
    expect(percent('Product Added')).toBeCloseTo(8, 0);
    expect(percent('Order Completed')).toBeCloseTo(3, 0);
    expect(counts.size).toBe(40);
    expect(hours[19] / hours[3]).toBeGreaterThan(5);
    expect(ordersAfterAdded / orders).toBeGreaterThan(0.6);
  });

  it('is the same on every machine', () => {
    const hash = createHash('sha256');
    for (const item of generateIdentifyStream({ seed: 42, ...SIZES.XXS })) hash.update(JSON.stringify(item));
    for (const item of generateEventStream({ seed: 42, ...SIZES.XXS })) hash.update(JSON.stringify(item));
    expect(hash.digest('hex').slice(0, 16)).toMatchInlineSnapshot(`"43f519a0675f3fb5"`);
  });
});
