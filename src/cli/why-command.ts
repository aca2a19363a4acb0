/** `kith why`: the condition as a tree, with what each part saw in one profile. */
import type { WhyAnswer, WhyNode } from '../model/segment.ts';
import type { Client } from './client.ts';
import type { CommandRun } from './command-option.ts';
import { parseCondition } from './question-text.ts';
import { formatCell } from './table.ts';
import { type Colors, colorsOf, type Terminal, write } from './terminal.ts';
import { printWarnings } from './warning-text.ts';

export async function runWhy(
  id: string,
  where: string,
  options: { readonly strict?: boolean | undefined; readonly json?: boolean | undefined },
  client: Client,
  terminal: Terminal,
  run: CommandRun,
): Promise<void> {
  run.queryText = where;
  const body = { id, where: parseCondition(where), strict: options.strict };
  const answer = await client.sendJson<WhyAnswer>('/v1/query/why', { body });
  if (options.json) {
    await write(terminal.stdout, `${JSON.stringify(answer)}\n`);
    return;
  }
  printWarnings(answer.warnings, where, terminal);
  const colors = colorsOf(terminal);
  const change = answer.changesAt === null ? '' : `, until ${answer.changesAt} if nothing new comes`;
  const verdict = answer.isMember ? colors.green('fits') : colors.red('does not fit');
  const lines = [`${colors.bold(formatCell(answer.id))} ${verdict}${change}`];
  addLines(lines, answer.why, '', '', colors);
  await write(terminal.stdout, `${lines.join('\n')}\n`);
}

function addLines(lines: string[], node: WhyNode, head: string, below: string, colors: Colors): void {
  const mark = node.isTrue ? colors.green('✓') : colors.red('✗');
  const saw = node.saw === undefined ? '' : colors.dim(`  saw ${sawText(node.saw)}`);
  const until = node.changesAt === null ? '' : colors.dim(`  until ${node.changesAt}`);
  lines.push(`${head}${mark} ${textOf(node)}${saw}${until}`);
  const parts = node.of ?? [];
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    addLines(lines, part, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`, colors);
  });
}

/** The parts of a whole stand below it: its own line only says how they are joined. */
function textOf(node: WhyNode): string {
  return formatCell(node.text);
}

function sawText(saw: NonNullable<WhyNode['saw']>): string {
  return Object.entries(saw)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? listText(value) : formatCell(value)}`)
    .join(', ');
}

function listText(values: readonly unknown[]): string {
  if (values.length === 0) return 'none';
  const shown = values.slice(0, 5).map((value) => formatCell(value));
  return shown.join(' ') + (values.length > 5 ? ` and ${values.length - 5} more` : '');
}
