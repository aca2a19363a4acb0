/** `7d` → milliseconds. A duration is a whole number and one unit; a day is always 24 hours. */
const UNIT_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

export function durationMsOf(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d|w)$/.exec(text);
  const unitMs = UNIT_MS.get(match?.[2] ?? '');
  if (match === null || unitMs === undefined) throw new TypeError(`not a duration: ${text}`);
  return Number(match[1]) * unitMs;
}
