/** Tables for people: no colours of their own (output may be piped), numbers to the right, wide cells cut. */
import Table from 'cli-table3';

const CELL_WIDTH_MAX = 60;

export function formatTable(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const alignments = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => typeof row[column] === 'number') ? ('right' as const) : ('left' as const),
  );
  const table = new Table({
    head: [...head],
    colAligns: alignments,
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map(formatCell));
  return `${table.toString()}\n`;
}

/** Control characters are shown as escapes: data must not be able to move the cursor of who reads it. */
export function formatCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text =
    typeof value === 'number' ? formatNumber(value) : typeof value === 'string' ? value : JSON.stringify(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const safe = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
  return safe.length <= CELL_WIDTH_MAX ? safe : `${safe.slice(0, CELL_WIDTH_MAX - 1)}…`;
}

function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 });
}
