/** Result lines as a table for people: the leading figure of each side, the ratio, whether the answers agree. */
import { isMissing, type ResultLine } from './result.ts';

export function tableOf(lines: readonly ResultLine[]): string {
  const rows = [
    ['bench', 'size', 'case', 'ours', 'peer', '', 'ratio', 'agree'],
    ...lines.map(({ bench, size, case: name, ours, peer, ratio, agree }) => [
      bench,
      size,
      name,
      leading(ours),
      peer.name,
      isMissing(peer) ? 'missing' : leading(peer),
      ratio === null ? '–' : `${ratio}×`,
      agree ? 'yes' : 'NO',
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const hints = lines.flatMap(({ peer }) => (isMissing(peer) ? [`${peer.name}: ${peer.missing}`] : []));
  return [...table, ...new Set(hints)].join('\n');
}

/** The first figure, which is what the ratio is of. */
function leading(figures: Readonly<Record<string, number | string>>): string {
  const first = Object.entries(figures).find(([, value]) => typeof value === 'number');
  return first === undefined ? '' : `${first[1].toLocaleString('en')} ${first[0]}`;
}
