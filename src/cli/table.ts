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
  const safe = text.replace(/\p{Cc}/gu, escaped);
  return safe.length <= CELL_WIDTH_MAX ? safe : `${safe.slice(0, CELL_WIDTH_MAX - 1)}…`;
}

/** As JSON has it; DEL and the controls from U+0080 on too, which JSON leaves as they are and some terminals obey. */
function escaped(control: string): string {
  const json = JSON.stringify(control).slice(1, -1);
  return json === control ? `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}` : json;
}

function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 });
}
