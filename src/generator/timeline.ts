/**
 * One person's events over the year: visits spread over the time the person was active (from sign-up on; some leave
 * early), few at night, a handful of events each, seconds to minutes apart. Times never go back within a person.
 *
 * A visit can be made without the ones before it (counter-based), which is what lets the stream interleave millions
 * of people while it keeps only a number for each.
 */
import { formatIsoDate } from '../base/iso-date.ts';
import { type GeneratedProperties, Visit } from './event.ts';
import { DAY_MS, DEFAULT_DAYS, DEFAULT_END_MS, EventCounts, type Population } from './population.ts';
import { signupMs, userKey } from './profile.ts';
import { deriveKey, Random, seedKey } from './random.ts';
import { messageIdText, userIdText } from './text.ts';
import { EVENT_NAMES } from './vocabulary.ts';

export interface GeneratedEvent {
  readonly event: string;
  readonly timestampMs: number;
  readonly messageId: string;
  readonly properties: GeneratedProperties;
}

/** A Segment-shaped item, ready for `/v1/import`. */
export interface TrackItem {
  readonly type: 'track';
  readonly messageId: string;
  readonly userId: string;
  readonly event: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly properties: GeneratedProperties;
}

const SHAPE_KEY = 3;
const VISIT_KEY = 4;
const GAP_MS_MIN = 15_000;
const GAP_MS_RANGE = 60_000;
/** Share of its stratum in which a visit starts; the rest leaves room for its events, so visits never overlap. */
const START_SHARE = 0.85;

/** How busy each hour of the day is. */
const HOUR_WEIGHTS = [2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 9, 8, 8, 8, 9, 10, 12, 14, 14, 11, 7, 4];
const CELL_COUNT = HOUR_WEIGHTS.reduce((sum, weight) => sum + weight, 0);
const hourOfCell = new Uint8Array(CELL_COUNT);
const firstCellOfHour = new Uint8Array(24);
for (let hour = 0, cell = 0; hour < 24; hour++) {
  firstCellOfHour[hour] = cell;
  for (let step = 0; step < HOUR_WEIGHTS[hour]; step++) hourOfCell[cell++] = hour;
}

/** Uniform share of a day → share of a day by the hours' weights. Monotone, so order is kept. */
function warpDay(share: number): number {
  const position = share * CELL_COUNT;
  const hour = hourOfCell[Math.floor(position)];
  return (hour + (position - firstCellOfHour[hour]) / HOUR_WEIGHTS[hour]) / 24;
}

/** The visits of one person at a time; `open` turns it to another person. One object serves a whole stream. */
export class Timeline {
  readonly #random = new Random();
  readonly #visit = new Visit();
  readonly #counts: EventCounts;
  readonly #population: Population;
  readonly #idKey: number;
  readonly #endMs: number;
  readonly #startMs: number;
  #userIndex = -1;
  #userKey = 0;
  #eventCount = 0;
  #visitSize = 1;
  #activeFromMs = 0;
  #stratumMs = 0;
  #gapMsMax = 0;

  visitCount = 0;

  constructor(population: Population) {
    this.#population = population;
    this.#counts = new EventCounts(population);
    this.#idKey = deriveKey(seedKey(population.seed), 0x1d);
    this.#endMs = population.endMs ?? DEFAULT_END_MS;
    this.#startMs = this.#endMs - (population.days ?? DEFAULT_DAYS) * DAY_MS;
  }

  open(userIndex: number): void {
    if (userIndex === this.#userIndex) return;
    this.#userIndex = userIndex;
    this.#userKey = userKey(this.#population.seed, userIndex);
    this.#eventCount = this.#counts.of(userIndex);
    this.#activeFromMs = Math.max(this.#startMs, signupMs(this.#userKey, this.#endMs));
    const random = this.#random.reset(deriveKey(this.#userKey, SHAPE_KEY));
    this.#visitSize = 3 + random.below(8);
    const isLost = random.isWithin(0.4);
    const activeMs = (this.#endMs - this.#activeFromMs) * (isLost ? random.fraction() : 1);
    this.visitCount = Math.ceil(this.#eventCount / this.#visitSize);
    this.#stratumMs = activeMs / Math.max(1, this.visitCount);
    this.#gapMsMax = (this.#stratumMs * (1 - START_SHARE)) / this.#visitSize;
  }

  /** Time of the visit's first event: what the stream orders by. */
  visitStartMs(visitIndex: number): number {
    const share = this.#random.reset(deriveKey(this.#userKey ^ VISIT_KEY, visitIndex)).fraction();
    return this.#warp(this.#activeFromMs + (visitIndex + START_SHARE * share) * this.#stratumMs);
  }

  /** Calls `emit` for every event of the visit in time order. */
  readVisit(visitIndex: number, emit: (event: GeneratedEvent) => void): void {
    const random = this.#random.reset(deriveKey(this.#userKey ^ VISIT_KEY, visitIndex));
    const startMs = this.#activeFromMs + (visitIndex + START_SHARE * random.fraction()) * this.#stratumMs;
    const gapMs = Math.min(this.#gapMsMax, GAP_MS_MIN + random.fraction() * GAP_MS_RANGE);
    const first = visitIndex * this.#visitSize;
    const end = Math.min(this.#eventCount, first + this.#visitSize);
    this.#visit.begin(random);
    for (let index = first; index < end; index++) {
      const nameIndex = this.#visit.nextName(random);
      // The first event stands on the visit's start, the k-th a little after k gaps: never before the one ahead.
      const offset = index === first ? 0 : index - first + 0.9 * random.fraction();
      emit({
        event: EVENT_NAMES[nameIndex],
        timestampMs: this.#warp(startMs + offset * gapMs),
        messageId: messageIdText(this.#idKey, this.#userIndex, index),
        properties: this.#visit.properties(nameIndex, random, deriveKey(this.#userKey, index)),
      });
    }
  }

  /** Lays the daily cycle over a time. The day is counted back from the end, so that no event comes after it. */
  #warp(ms: number): number {
    const day = (ms - this.#startMs) / DAY_MS;
    const whole = Math.floor(day);
    return this.#startMs + Math.floor((whole + warpDay(day - whole)) * DAY_MS);
  }
}

/** All events of one person, oldest first: exactly those that the stream of the same population yields for them. */
export function generateEvents(
  seed: number,
  userIndex: number,
  options: Omit<Population, 'seed'>,
): readonly GeneratedEvent[] {
  const timeline = new Timeline({ ...options, seed });
  timeline.open(userIndex);
  const events: GeneratedEvent[] = [];
  for (let visit = 0; visit < timeline.visitCount; visit++) timeline.readVisit(visit, (event) => events.push(event));
  return events;
}

export function toTrackItem(userIndex: number, event: GeneratedEvent): TrackItem {
  return {
    type: 'track',
    messageId: event.messageId,
    userId: userIdText(userIndex),
    event: event.event,
    timestamp: formatIsoDate(event.timestampMs),
    properties: event.properties,
  };
}
