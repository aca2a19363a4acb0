/** `kith segment` as command lines. */
import type { Command } from 'commander';
import { Client, type ConnectionOptions } from './client.ts';
import { type CommandRun, connected, wholeNumber } from './command-option.ts';
import {
  runSegmentDelete,
  runSegmentList,
  runSegmentMembers,
  runSegmentSave,
  runSegmentShow,
} from './segment-command.ts';
import type { Terminal } from './terminal.ts';

type Flags<Own = object> = Own & ConnectionOptions & { readonly json?: boolean };

export function addSegments(program: Command, terminal: Terminal, run: CommandRun): void {
  const clientOf = (flags: ConnectionOptions): Client => new Client(flags, 'read', terminal);
  const segment = program
    .command('segment')
    .description('saved conditions, for others to name: in segment KEY')
    .addHelpText('after', HELP);
  connected(segment.command('list'))
    .description('all saved segments')
    .option('--counts', 'with how many profiles are in each')
    .option('--json', 'one object a line')
    .action((flags: Flags<{ counts?: boolean }>) => runSegmentList(flags, clientOf(flags), terminal));
  connected(segment.command('save'))
    .description('save a condition, new or in place of another')
    .argument('<key>', '1 to 64 of a-z A-Z 0-9 . _ -')
    .argument('<condition>', 'may name other segments')
    .option('--name <text>', 'for people')
    .option('--description <text>', 'for people')
    .option('--json', 'the segment as JSON')
    .action((key: string, where: string, flags: Flags<{ name?: string; description?: string }>) =>
      runSegmentSave(key, where, flags, clientOf(flags), terminal, run),
    );
  connected(segment.command('show'))
    .description('one segment, and how many are in it')
    .argument('<key>')
    .option('--json', 'the segment as JSON')
    .action((key: string, flags: Flags) => runSegmentShow(key, flags, clientOf(flags), terminal));
  connected(segment.command('delete'))
    .description('delete a segment that no other names')
    .argument('<key>')
    .option('--json', 'report as JSON')
    .action((key: string, flags: Flags) => runSegmentDelete(key, flags, clientOf(flags), terminal));
  connected(segment.command('members'))
    .description('ids of the profiles in it, one a line')
    .argument('<key>')
    .option('--limit <n>', 'at most so many', wholeNumber)
    .option('--json', 'as JSON texts')
    .action((key: string, flags: Flags<{ limit?: number }>) =>
      runSegmentMembers(key, flags, clientOf(flags), terminal),
    );
}

const HELP = `
Examples:
  kith segment save german 'country = "DE"' --name 'Germany'
  kith segment save german.buyers 'in segment german and did "Order Completed" in last 90d'
  kith segment list --counts
  kith segment members german.buyers --limit 100
  kith query 'in segment german and not in segment german.buyers'`;
