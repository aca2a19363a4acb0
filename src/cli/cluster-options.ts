/** `kith cluster` and `kith top` as command lines. */
import type { Command } from 'commander';
import { Client, type ConnectionOptions } from './client.ts';
import { runClusterStatus } from './cluster-command.ts';
import { type CommandRun, connected, wholeNumber } from './command-option.ts';
import { runQuarantine } from './quarantine-command.ts';
import { runRebalance } from './rebalance-command.ts';
import type { Terminal } from './terminal.ts';
import { runTop } from './top-command.ts';

type Flags<Own = object> = Own & ConnectionOptions & { readonly json?: boolean };

export function addCluster(program: Command, terminal: Terminal, run: CommandRun): void {
  const clientOf = (flags: ConnectionOptions): Client => new Client(flags, 'read', terminal);
  const cluster = program
    .command('cluster')
    .description('the processes of kith serve --cluster')
    .addHelpText('after', '\nExamples:\n  kith cluster status\n  kith cluster status --json | jq .shards[].state');
  connected(cluster.command('status'))
    .description('shards with their slots, and routers')
    .option('--json', 'as GET /v1/cluster answers')
    .action((flags: Flags) => runClusterStatus(flags, clientOf(flags), terminal));
  connected(cluster.command('rebalance'))
    .description('another number of shards, while all goes on')
    .requiredOption('--shards <count>', 'how many there shall be', wholeNumber)
    .option('--json', 'the cluster when it is done, as GET /v1/cluster answers')
    .addHelpText('after', '\nExamples:\n  kith cluster rebalance --shards 8')
    .action(async (flags: Flags<{ shards: number }>) => {
      run.exitCode = await runRebalance(flags, clientOf(flags), terminal);
    });
  connected(cluster.command('quarantine'))
    .description('items and calls that a shard died of twice, and that are refused since')
    .option('--release <hash>', 'let one go: it may be sent to shards again')
    .option('--json', 'one object a line')
    .action((flags: Flags<{ release?: string }>) => runQuarantine(flags, clientOf(flags), terminal));
  connected(program.command('top'))
    .description('live: shards, slots, rates, lags, memory')
    .option('--once', 'one frame, as when standard output is no terminal')
    .option('--json', 'one object a frame')
    .addHelpText('after', '\nExamples:\n  kith top\n  kith top --once --json | jq .rates')
    .action((flags: Flags<{ once?: boolean }>) => runTop(flags, clientOf(flags), terminal));
}
