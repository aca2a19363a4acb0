/** `kith cluster` and `kith top` as command lines. */
import type { Command } from 'commander';
import { Client, type ConnectionOptions } from './client.ts';
import { runClusterStatus } from './cluster-command.ts';
import { connected } from './command-option.ts';
import type { Terminal } from './terminal.ts';
import { runTop } from './top-command.ts';

type Flags<Own = object> = Own & ConnectionOptions & { readonly json?: boolean };

export function addCluster(program: Command, terminal: Terminal): void {
  const clientOf = (flags: ConnectionOptions): Client => new Client(flags, 'read', terminal);
  const cluster = program
    .command('cluster')
    .description('the processes of kith serve --cluster')
    .addHelpText('after', '\nExamples:\n  kith cluster status\n  kith cluster status --json | jq .shards[].state');
  connected(cluster.command('status'))
    .description('shards with their slots, and routers')
    .option('--json', 'as GET /v1/cluster answers')
    .action((flags: Flags) => runClusterStatus(flags, clientOf(flags), terminal));
  connected(program.command('top'))
    .description('live: shards, slots, rates, lags, memory')
    .option('--once', 'one frame, as when standard output is no terminal')
    .option('--json', 'one object a frame')
    .addHelpText('after', '\nExamples:\n  kith top\n  kith top --once --json | jq .rates')
    .action((flags: Flags<{ once?: boolean }>) => runTop(flags, clientOf(flags), terminal));
}
