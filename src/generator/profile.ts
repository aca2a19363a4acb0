/**
 * One generated person: 24 traits of every kind the engine stores (low and high cardinality text, whole and decimal
 * numbers, booleans, dates, an array), so that a rendered profile is about 1 KB of JSON. Pure: (seed, userIndex) is all.
 */
import { formatIsoDate } from '../base/iso-date.ts';
import { Choice, zipfWeights } from './choice.ts';
import { DAY_MS, DEFAULT_END_MS } from './population.ts';
import { deriveKey, exponential, Random, seedKey } from './random.ts';
import { userIdText } from './text.ts';
import {
  CHANNELS,
  COUNTRIES,
  DEVICE_WEIGHTS,
  DEVICES,
  FIRST_NAMES,
  LAST_NAMES,
  PLAN_WEIGHTS,
  PLANS,
} from './vocabulary.ts';

export interface GeneratedProfile {
  readonly userId: string;
  readonly traits: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

const TAG_COUNT = 1_000;
const SIGNUP_DAYS_MAX = 3 * 365;
const PROFILE_KEY = 1;
const SIGNUP_KEY = 2;

const countryChoice = new Choice(zipfWeights(COUNTRIES.length));
const planChoice = new Choice(PLAN_WEIGHTS);
const deviceChoice = new Choice(DEVICE_WEIGHTS);
const channelChoice = new Choice(zipfWeights(CHANNELS.length));
const tagChoice = new Choice(zipfWeights(TAG_COUNT));
const tagNames = Array.from({ length: TAG_COUNT }, (_, index) => `tag-${String(index).padStart(3, '0')}`);
const random = new Random();

/** When the person signed up: up to three years before the end, more of them lately. Their events start no earlier. */
export function signupMs(userKey: number, endMs: number): number {
  const age = random.reset(deriveKey(userKey, SIGNUP_KEY)).fraction();
  return endMs - Math.floor((age * age * SIGNUP_DAYS_MAX + 0.05) * DAY_MS);
}

export function userKey(seed: number, userIndex: number): number {
  return deriveKey(seedKey(seed), userIndex);
}

export function generateProfile(seed: number, userIndex: number, endMs: number = DEFAULT_END_MS): GeneratedProfile {
  const key = userKey(seed, userIndex);
  const signup = signupMs(key, endMs);
  random.reset(deriveKey(key, PROFILE_KEY));
  const country = COUNTRIES[countryChoice.draw(random)];
  const firstName = FIRST_NAMES[random.below(FIRST_NAMES.length)];
  const lastName = LAST_NAMES[random.below(LAST_NAMES.length)];
  const plan = planChoice.draw(random);
  const traits = {
    email: `${firstName}.${lastName}.${userIndex}@example.com`.toLowerCase(),
    first_name: firstName,
    last_name: lastName,
    country: country.code,
    city: country.cities[random.below(country.cities.length)],
    language: random.isWithin(0.9) ? country.language : 'en',
    currency: country.currency,
    plan: PLANS[plan],
    age: 18 + Math.floor(((random.fraction() + random.fraction() + random.fraction()) / 3) * 70),
    // Log-normal: median 55 (e^4), a long tail; richer plans are worth more.
    ltv: Math.round(exponential(4 + 0.4 * plan + 1.2 * random.normal()) * 100) / 100,
    score: Math.round(random.fraction() * 10_000) / 10_000,
    loyalty_points: random.below(50_000),
    signup_date: formatIsoDate(signup).slice(0, 10),
    device: DEVICES[deviceChoice.draw(random)],
    channel: CHANNELS[channelChoice.draw(random)],
    consent_email: random.isWithin(0.7),
    consent_sms: random.isWithin(0.3),
    consent_push: random.isWithin(0.45),
    consent_ads: random.isWithin(0.5),
    is_verified: random.isWithin(0.85),
    is_vip: random.isWithin(0.01),
    has_app: random.isWithin(0.4),
    has_card_on_file: random.isWithin(0.25),
    tags: drawTags(),
  };
  return { userId: userIdText(userIndex), traits };
}

/** 0 to 20 distinct tags, most people few. */
function drawTags(): string[] {
  const share = random.fraction();
  const count = Math.floor(share * share * 21);
  const tags = new Set<string>();
  for (let draw = 0; draw < count; draw++) tags.add(tagNames[tagChoice.draw(random)]);
  return [...tags];
}
