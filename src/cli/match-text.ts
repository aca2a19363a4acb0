/** A suggested pair as a person reads it: who, how likely, and each field's weight as a bar to the right (for) or the left (against). */
import type { Suggestion } from '../model/matching.ts';
import { percent } from './bar.ts';
import { formatCell, formatTable } from './table.ts';
import { colorsOf, type Terminal } from './terminal.ts';

const SIDE_WIDTH = 10;
/** A weight that fills its side: a thousand to one. */
const WEIGHT_FULL = 10;

export function suggestionText(suggestion: Suggestion, terminal: Terminal): string {
  const { a, b, id, probability, weight, priorWeight, crowdWeight, evidence, decidedAt } = suggestion;
  const { bold, dim } = colorsOf(terminal);
  const names = `${formatCell(`${a.type}:${a.value}`)} and ${formatCell(`${b.type}:${b.value}`)}`;
  const decided = decidedAt === undefined ? '' : `  ${suggestion.state} at ${decidedAt}`;
  const rows = evidence.map((one) => {
    return [one.field, one.a, one.b, one.level, signed(one.weight), weightBar(one.weight)];
  });
  if (crowdWeight < -0.05)
    rows.push(['housemates look alike', '', '', '', signed(crowdWeight), weightBar(crowdWeight)]);
  rows.push(['before any evidence', '', '', '', signed(priorWeight), weightBar(priorWeight)]);
  rows.push(['sum', '', '', '', signed(weight), weightBar(weight)]);
  const head = ['field', formatCell(a.value), formatCell(b.value), 'how alike', 'weight', 'against ┃ for'];
  return `${bold(id)}  ${names}  ${likelihood(probability)}${dim(decided)}\n${formatTable(head, rows)}`;
}

function likelihood(probability: number): string {
  return probability > 0.9995 ? 'over 99.9 %' : percent(probability);
}

function signed(weight: number): string {
  return `${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(1)}`;
}

/** "    ▐██┃" against, "       ┃███▌" for. */
function weightBar(weight: number): string {
  const halves = Math.min(2 * SIDE_WIDTH, Math.round((Math.abs(weight) / WEIGHT_FULL) * 2 * SIDE_WIDTH));
  const whole = '█'.repeat(Math.floor(halves / 2));
  const half = halves % 2 === 1;
  if (weight < 0) return `${`${half ? '▐' : ''}${whole}`.padStart(SIDE_WIDTH)}┃`;
  return `${' '.repeat(SIDE_WIDTH)}┃${whole}${half ? '▌' : ''}`;
}
