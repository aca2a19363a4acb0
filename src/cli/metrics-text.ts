/** Reads Prometheus' text form, as far as our own page goes: one number a line, labels in braces. */

/** Sums of a series over all of its labels, by the series' name. */
export function seriesSums(text: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_:][a-z0-9_:]*)(?:\{.*\})? (\S+)$/i.exec(line);
    if (match === null) continue;
    const value = Number(match[2]);
    if (Number.isFinite(value)) sums.set(match[1], (sums.get(match[1]) ?? 0) + value);
  }
  return sums;
}
