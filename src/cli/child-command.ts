/** Hidden commands: what a supervisor starts. Nobody else can: they need its control socket and a token of it. */
import type { Command } from 'commander';
import { wholeNumber } from './command-option.ts';

export function addChildren(program: Command, version: string): void {
  const add = (role: 'shard' | 'router'): void => {
    program
      .command(`cluster-${role}`, { hidden: true })
      .description(`a ${role} of a cluster; started by kith serve --cluster`)
      .argument('<index>', 'which', wholeNumber)
      .argument('<address>', 'of the control socket')
      .action(async (index: number, address: string) => {
        const { runChild } = await import('../supervisor/child-main.ts');
        const openRole =
          role === 'shard'
            ? (await import('../supervisor/shard-process.ts')).openShardPart
            : (await import('../supervisor/router-process.ts')).openRouterPart;
        // Sockets and workers that are still open have nothing left to do.
        process.exit(await runChild({ role, index, address, version, openRole }));
      });
  };
  add('shard');
  add('router');
}
