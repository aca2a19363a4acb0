/** An explained plan as a tree: what was done, the rows expected and found, and the time of each part. */
import type { PlanNode, QueryPlan } from '../model/query.ts';
import { formatCount } from './progress.ts';
import { formatCell } from './table.ts';

interface Line {
  readonly label: string;
  readonly node: PlanNode;
}

export function formatPlan(plan: QueryPlan): string {
  const lines: Line[] = [];
  addLines(lines, plan.root, '', '');
  const columns = lines.map(({ label, node }) => [
    label,
    node.rows === null ? '' : formatCount(node.rows),
    formatCount(Math.round(node.estimatedRows)),
    `${node.tookMs.toFixed(2)} ms`,
  ]);
  const rows = [['plan', 'rows', 'expected', 'time'], ...columns];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const text = rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
  const passes = plan.passes.length === 0 ? '' : `passes: ${plan.passes.join(', ')}\n`;
  return `${text}\n${passes}`;
}

function addLines(lines: Line[], node: PlanNode, head: string, below: string): void {
  const detail = node.detail === '' ? '' : ` ${formatCell(node.detail)}`;
  lines.push({ label: `${head}${node.operator}${detail}`, node });
  node.children.forEach((child, i) => {
    const isLast = i === node.children.length - 1;
    addLines(lines, child, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`);
  });
}
