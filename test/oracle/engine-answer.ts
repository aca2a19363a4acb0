/** The other forms of an answer against the naive model: pages of ids, profiles, one value over the selected. */
import type { Engine } from '../../src/engine/engine.ts';
import { canonicalProfile, canonicalText } from './canonical.ts';
import { askIds } from './engine-ask.ts';
import type { Measure } from './generate/measure.ts';
import type { Question } from './generate/world.ts';
import type { Moment, Segments } from './naive/event-choice.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import { renderProfile } from './naive/profile.ts';
import { totals } from './naive/total.ts';
import { difference } from './naive-world.ts';
import { mayBeRefused } from './unsupported.ts';

const PAGE_LIMIT = 3;
const EVENT_COUNT = 2;

/** Small pages, joined by their cursors, are the whole answer. */
export async function comparePages(
  engine: Engine,
  { where, at }: Question,
  segments: Segments,
): Promise<string | undefined> {
  const whole = await askIds(engine, { where, at }, segments);
  if (whole === undefined) return undefined;
  const paged: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.query({ where, at, as: 'ids', limit: PAGE_LIMIT, cursor });
    if (!('ids' in page)) return 'asked for ids';
    if (page.ids.length > PAGE_LIMIT || (page.cursor !== undefined && page.ids.length < PAGE_LIMIT))
      return `a page of ${page.ids.length}`;
    paged.push(...page.ids);
    cursor = page.cursor;
  } while (cursor !== undefined);
  if (new Set(paged).size !== paged.length) return 'an id on two pages';
  return difference(new Set(paged), whole) || undefined;
}

/** Each profile as its lookup shows it. */
export async function compareProfiles(
  engine: Engine,
  naive: NaiveModel,
  { where, at }: Question,
  moment: Moment,
): Promise<string | undefined> {
  if (mayBeRefused({ where, at }, moment.segments ?? new Map())) return undefined;
  const answer = await engine.query({ where, at, as: 'profiles', limit: 1_000, events: EVENT_COUNT });
  if (!('profiles' in answer)) return 'asked for profiles';
  const actual = answer.profiles.map((profile) => canonicalProfile(profile as { identifiers: unknown }));
  const hits = naive.query(where, moment);
  const expected = naive
    .profilesAt(moment.atMs)
    .filter((profile) => hits.has(profile.id))
    .map((profile) => canonicalProfile(renderProfile(profile, EVENT_COUNT)));
  return difference(new Set(actual), new Set(expected)) || undefined;
}

export async function compareMeasure(
  engine: Engine,
  naive: NaiveModel,
  measure: Measure,
  moment: Moment,
): Promise<string | undefined> {
  const { where, aggregate } = measure;
  const answer = await engine.query({ where, as: 'aggregate', aggregate });
  if (!('value' in answer)) return 'asked for a value';
  const hits = where === undefined ? undefined : naive.query(where, moment);
  const right = totals(
    aggregate,
    naive.profiles.filter(({ id }) => hits === undefined || hits.has(id)),
    moment,
  );
  return right.some((each) => canonicalText(each) === canonicalText(answer.value))
    ? undefined
    : `${JSON.stringify(answer.value)} instead of ${JSON.stringify(right)}`;
}
