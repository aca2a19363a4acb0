/**
 * All events of a population in time order, within some minutes, and each person's exactly in
 * order: what a collector would receive. Nothing is held but 8 bytes a person: a calendar queue (one linked list of
 * people for every 1/65536 of the time, 8 minutes of a year) says whose visit comes next, and a visit is made when its turn comes.
 */
import { formatIsoDate } from '../base/iso-date.ts';
import { DAY_MS, DEFAULT_DAYS, DEFAULT_END_MS, type Population } from './population.ts';
import { type GeneratedProfile, generateProfile, signupMs, userKey } from './profile.ts';
import { deriveKey, seedKey } from './random.ts';
import { messageIdText } from './text.ts';
import { type GeneratedEvent, Timeline, type TrackItem, toTrackItem } from './timeline.ts';

const SLOT_COUNT = 65_536;
const NOBODY = -1;
/** Index that no event of a person has; the messageId of their identify item is made from it. */
const IDENTIFY_INDEX = 0xffff_ffff;

export interface IdentifyItem {
  readonly type: 'identify';
  readonly messageId: string;
  readonly userId: string;
  readonly timestamp: string;
  readonly traits: GeneratedProfile['traits'];
}

/** The cheapest form: calls `emit` with the user and the event, without making an item. */
export function forEachEvent(population: Population, emit: (userIndex: number, event: GeneratedEvent) => void): void {
  for (const { userIndex, visitIndex, timeline } of visits(population)) {
    timeline.readVisit(visitIndex, (event) => emit(userIndex, event));
  }
}

export function* generateEventStream(population: Population): Generator<TrackItem, void, undefined> {
  const items: TrackItem[] = [];
  for (const { userIndex, visitIndex, timeline } of visits(population)) {
    items.length = 0;
    timeline.readVisit(visitIndex, (event) => items.push(toTrackItem(userIndex, event)));
    yield* items;
  }
}

/** One identify item per person, in user order, timed at the sign-up or, if that was earlier, at the start of the events' time. */
export function* generateIdentifyStream(population: Population): Generator<IdentifyItem, void, undefined> {
  const endMs = population.endMs ?? DEFAULT_END_MS;
  const startMs = endMs - (population.days ?? DEFAULT_DAYS) * DAY_MS;
  const idKey = deriveKey(seedKey(population.seed), 0x1d);
  for (let userIndex = 0; userIndex < population.profiles; userIndex++) {
    const { userId, traits } = generateProfile(population.seed, userIndex, endMs);
    const timestamp = formatIsoDate(Math.max(startMs, signupMs(userKey(population.seed, userIndex), endMs)));
    yield { type: 'identify', messageId: messageIdText(idKey, userIndex, IDENTIFY_INDEX), userId, timestamp, traits };
  }
}

interface VisitPosition {
  userIndex: number;
  visitIndex: number;
  readonly timeline: Timeline;
}

/** Yields one reused object. */
function* visits(population: Population): Generator<VisitPosition, void, undefined> {
  const timeline = new Timeline(population);
  const spanMs = (population.days ?? DEFAULT_DAYS) * DAY_MS;
  const startMs = (population.endMs ?? DEFAULT_END_MS) - spanMs;
  const slotMs = spanMs / SLOT_COUNT;
  const head = new Int32Array(SLOT_COUNT).fill(NOBODY);
  const nextUser = new Int32Array(population.profiles);
  const nextVisit = new Uint32Array(population.profiles);
  const position: VisitPosition = { userIndex: 0, visitIndex: 0, timeline };

  const enqueue = (userIndex: number, slotMin: number): void => {
    const slotOfStart = Math.floor((timeline.visitStartMs(nextVisit[userIndex]) - startMs) / slotMs);
    const slot = Math.min(SLOT_COUNT - 1, Math.max(slotMin, slotOfStart));
    nextUser[userIndex] = head[slot];
    head[slot] = userIndex;
  };

  for (let userIndex = population.profiles - 1; userIndex >= 0; userIndex--) {
    timeline.open(userIndex);
    if (timeline.visitCount > 0) enqueue(userIndex, 0);
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    while (head[slot] !== NOBODY) {
      const userIndex = head[slot];
      head[slot] = nextUser[userIndex];
      position.userIndex = userIndex;
      position.visitIndex = nextVisit[userIndex]++;
      timeline.open(userIndex);
      yield position;
      timeline.open(userIndex);
      if (nextVisit[userIndex] < timeline.visitCount) enqueue(userIndex, slot);
    }
  }
}
