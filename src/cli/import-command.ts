/** `kith import`: files one after the other, then what became of the rows. */
import { EngineError } from '../model/error.ts';
import type { Client } from './client.ts';
import { type ImportReport, importFile } from './import/import-file.ts';
import type { ImportOptions } from './import/import-run.ts';
import { formatCount } from './progress.ts';
import { formatTable } from './table.ts';
import { colorsOf, EXIT, type Terminal, write } from './terminal.ts';

export async function runImport(
  files: readonly string[],
  options: ImportOptions & { readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
): Promise<number> {
  if (files.length > 1 && options.rejectsPath !== undefined) {
    throw new EngineError('invalid_request', '--rejects takes one file at a time');
  }
  const reports: ImportReport[] = [];
  for (const file of files) {
    const report = await importFile(file, options, client, terminal);
    reports.push(report);
    if (options.json) await write(terminal.stdout, `${JSON.stringify(report)}\n`);
    if (report.outcome === 'interrupted') break;
  }
  if (!options.json) await write(terminal.stdout, reportText(reports, options, terminal));
  if (reports.some((report) => report.outcome === 'interrupted')) return EXIT.interrupted;
  return reports.some((report) => report.refused > 0) ? EXIT.someRefused : EXIT.ok;
}

function reportText(reports: readonly ImportReport[], options: ImportOptions, terminal: Terminal): string {
  const { dim, yellow } = colorsOf(terminal);
  const rows = reports.map((report) => [
    report.file,
    report.rows,
    report.accepted,
    report.duplicates,
    report.skipped,
    report.refused,
  ]);
  const parts = [formatTable(['file', 'rows', 'items accepted', 'duplicates', 'rows skipped', 'refused'], rows)];
  for (const report of reports) {
    const { file, outcome, continuedAfter, refusedByCode, firstRefusals, refused } = report;
    if (outcome === 'done-before') parts.push(dim(`${file} was imported before; --restart sends it again\n`));
    else if (continuedAfter > 0) parts.push(dim(`${file} went on after row ${formatCount(continuedAfter)}\n`));
    if (outcome === 'interrupted') parts.push(yellow(`${file} is not finished; the same command goes on with it\n`));
    if (refused === 0) continue;
    parts.push(formatTable(['refused because', 'count'], Object.entries(refusedByCode)));
    const shown = firstRefusals.map(({ row, code, message }) => [formatCount(row), code, message]);
    parts.push(formatTable(['row', 'code', 'message'], shown));
    if (refused > shown.length) {
      const where = options.rejectsPath ?? '--rejects FILE';
      parts.push(dim(`the first ${shown.length} of ${formatCount(refused)}; all are in ${where}\n`));
    }
  }
  return parts.join('');
}
