/**
 * Durations as people write them in a query: a whole number and a unit, `30d`. A unit is always the same length (1d is
 * 24 hours, 1w is 7 days); months and years are not durations, calendar windows are for them. Zero is one ("0d ago").
 */
const DURATION = /^(\d{1,16})(ms|s|m|h|d|w)$/;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** 10,000 years of 365 days, so that an instant less a duration stays an exact integer. */
export const DURATION_MAX_MS = 3_650_000 * 86_400_000;

/** Milliseconds, or NaN when `text` is not a duration or longer than `DURATION_MAX_MS`. */
export function durationMsOf(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) return Number.NaN;
  const ms = Number(match[1]) * UNIT_MS[match[2]];
  return ms <= DURATION_MAX_MS ? ms : Number.NaN;
}
