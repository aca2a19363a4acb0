/**
 * Why somebody is in a segment, against the naive model: membership and the truth of every node now, and the first later moment at which
 * membership changes, which the naive model finds by asking at every moment at which it could.
 */
import type { Engine } from '../../src/engine/engine.ts';
import type { Expression } from '../../src/model/expression.ts';
import type { WhyNode } from '../../src/model/segment.ts';
import { parseText } from '../../src/query/parser/parse-text.ts';
import { type CalendarUnit, calendarPeriod } from './naive/calendar.ts';
import { durationMsOf } from './naive/duration.ts';
import { evaluate } from './naive/evaluator.ts';
import type { Moment } from './naive/event-choice.ts';
import { instantOf } from './naive/instant.ts';
import { isoText, type NaiveProfile } from './naive/profile.ts';

export async function compareWhy(
  engine: Engine,
  where: Expression,
  profile: NaiveProfile,
  moment: Moment,
): Promise<string | undefined> {
  const answer = await engine.why(profile.identifiers[0], where);
  if (answer === undefined) return 'nobody is there';
  if (answer.id !== profile.id) return `id ${answer.id}`;
  const isMember = evaluate(where, profile, moment);
  if (answer.isMember !== isMember) return `isMember ${answer.isMember}`;
  const wrong = wrongNode(answer.why, profile, moment);
  if (wrong !== undefined) return `isTrue ${wrong.isTrue} of ${wrong.text}`;
  const changeMs = moments(where, profile, moment).find(
    (nowMs) => evaluate(where, profile, { ...moment, nowMs }) !== isMember,
  );
  const changesAt = changeMs === undefined ? null : isoText(changeMs);
  return answer.changesAt === changesAt ? undefined : `changesAt ${answer.changesAt}, not ${changesAt}`;
}

/** A node whose truth is not that of the condition it shows. */
function wrongNode(node: WhyNode, profile: NaiveProfile, moment: Moment): WhyNode | undefined {
  if (evaluate(parseText(node.text), profile, moment) !== node.isTrue) return node;
  return node.of?.map((part) => wrongNode(part, profile, moment)).find((wrong) => wrong !== undefined);
}

interface Calendar {
  readonly calendar: CalendarUnit;
  readonly offset?: number;
  readonly timeZone?: string;
}

/** Later moments at which the truth of anything in the condition may change, in order. */
function moments(where: Expression, profile: NaiveProfile, { nowMs, segments }: Moment): readonly number[] {
  const conditions = [where, ...(segments?.values() ?? [])].flatMap(nodesOf);
  const durations = conditions.flatMap((each) =>
    typeof each === 'string' && /^\d+(ms|s|m|h|d|w)$/.test(each) ? [durationMsOf(each)] : [],
  );
  const calendars = conditions.filter(isCalendar);
  const distances = [0, ...durations, ...durations.map((ms) => -ms)].flatMap((ms) => [ms, ms + 1]);
  const later = instantsOf(profile).flatMap((instantMs) => [
    ...distances.map((ms) => instantMs + ms),
    ...calendars.flatMap(({ calendar, offset = 0, timeZone = 'UTC' }) =>
      [0, 1].map((more) => calendarPeriod(calendar, more - offset, timeZone, instantMs).fromMs),
    ),
  ]);
  return [...new Set(later)].filter((ms) => ms > nowMs).sort((a, b) => a - b);
}

function isCalendar(json: unknown): json is Calendar {
  return typeof json === 'object' && json !== null && 'calendar' in json;
}

/** The value and all within it. */
function nodesOf(json: unknown): readonly unknown[] {
  if (typeof json !== 'object' || json === null) return [json];
  return [json, ...Object.values(json).flatMap(nodesOf)];
}

function instantsOf({ events, traits, firstSeenMs, lastSeenMs }: NaiveProfile): readonly number[] {
  const texts = [traits, ...events.flatMap(({ properties, context }) => [properties, context ?? {}])].flatMap(nodesOf);
  const dates = texts.flatMap((text) => (typeof text === 'string' ? [instantOf(text)] : []));
  return [firstSeenMs, lastSeenMs, ...events.map(({ timeMs }) => timeMs), ...dates.filter((ms) => ms !== undefined)];
}
