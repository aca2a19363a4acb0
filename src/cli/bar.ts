/** Bars of eighths, for shares in a terminal. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const BAR_WIDTH = 24;

/** `share` 0 to 1; something that is not nothing shows. */
export function bar(share: number, width: number = BAR_WIDTH): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const shown = share > 0 ? Math.max(1, eighths) : 0;
  return '█'.repeat(Math.floor(shown / 8)) + EIGHTHS[shown % 8];
}

export function percent(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(1)} %`;
}

/** "1.2 s", "3 min", "4 h", "2 d": two digits at most. */
export function spanText(durationMs: number | null): string {
  if (durationMs === null) return '';
  for (const [unit, sizeMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const) {
    const count = durationMs / sizeMs;
    if (count >= 1) return `${count < 10 ? Number(count.toFixed(1)) : Math.round(count)} ${unit}`;
  }
  return `${Math.round(durationMs)} ms`;
}
