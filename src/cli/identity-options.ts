/** `kith identity` as command lines. */
import type { Command } from 'commander';
import { EngineError } from '../model/error.ts';
import { Client, type ConnectionOptions } from './client.ts';
import { connected, list } from './command-option.ts';
import { type IdentityOptions, runIdentityMerge, runIdentityShow, runIdentityUnmerge } from './identity-command.ts';
import { runIdentityRules } from './identity-rules-command.ts';
import type { Terminal } from './terminal.ts';

type Flags<Own = object> = Own & ConnectionOptions & IdentityOptions;

const ID = 'a user id, or type:value such as email:ada@example.com';
const DRY_RUN = 'only say what would come of it';

export function addIdentity(program: Command, terminal: Terminal): void {
  const clientOf = (flags: ConnectionOptions): Client => new Client(flags, 'read', terminal);
  const identity = program
    .command('identity')
    .description('what makes several identifiers one profile: look, merge, separate, rules')
    .addHelpText('after', HELP);
  connected(identity.command('show'))
    .description('identifiers, links between them, and the journal')
    .argument('<id>', ID)
    .option('--json', 'as JSON')
    .action((id: string, flags: Flags) => runIdentityShow(id, flags, clientOf(flags), terminal));
  connected(identity.command('merge'))
    .description('make one profile of two')
    .argument('<into>', `whose name stays, unless only the other has a user id: ${ID}`)
    .argument('<from>', ID)
    .option('--dry-run', DRY_RUN)
    .option('--json', 'as JSON')
    .addHelpText('after', MERGE_HELP)
    .action((into: string, from: string, flags: Flags) =>
      runIdentityMerge(into, from, flags, clientOf(flags), terminal),
    );
  connected(identity.command('unmerge'))
    .description('undo one link, or separate some identifiers from the rest')
    .argument('<id>', ID)
    .option('--merge <id>', "the link of this entry of the profile's journal (kith identity show)")
    .option('--identifiers <list>', 'one side, by comma: all links between these and the others are cut', list)
    .option('--dry-run', DRY_RUN)
    .option('--json', 'as JSON')
    .addHelpText('after', UNMERGE_HELP)
    .action((id: string, flags: Flags<{ merge?: string; identifiers?: readonly string[] }>) => {
      if ((flags.merge === undefined) === (flags.identifiers === undefined)) {
        throw new EngineError('invalid_request', 'give either --merge ID or --identifiers LIST');
      }
      return runIdentityUnmerge(id, flags, clientOf(flags), terminal);
    });
  connected(identity.command('rules'))
    .description('the rules in force, or others from a file')
    .option('--set <file>', 'JSON; what it leaves out takes its default')
    .option('--dry-run', 'with --set: only say what the rules would mean for the profiles that there are')
    .option('--json', 'as JSON: without --set it is what --set takes')
    .addHelpText('after', RULES_HELP)
    .action((flags: Flags<{ set?: string }>) => runIdentityRules(flags, clientOf(flags), terminal));
}

const HELP = `
Examples:
  kith identity show email:ada@example.com           why these are one profile, and which merge to undo
  kith identity merge user-1 user-2 --dry-run        which traits both have, and what would stay
  kith identity unmerge user-1 --merge merge_0c5f…   the journal's id
  kith identity rules --json > rules.json            edit it, then:
  kith identity rules --set rules.json --dry-run`;

const MERGE_HELP = `
Nobody's limits hold for a person's word: two user ids in one profile are possible this way. Where both have a trait,
the rule of survivorship decides (kith identity rules); both values stay in the history.

Examples:
  kith identity merge user-1 email:ada@example.com --dry-run
  kith identity merge user-1 anonymous_id:5f0a…`;

const UNMERGE_HELP = `
Every event and every trait goes with the identifier that it came under, also those that came after the merge. The
links that are cut are not made again by events; kith identity merge makes them again. An identifier under which
nothing ever came is free afterwards.

Examples:
  kith identity unmerge user-1 --merge merge_0c5f9a1b22d3e4f5 --dry-run
  kith identity unmerge user-1 --identifiers anonymous_id:tablet,email:family@example.com`;

const RULES_HELP = `
A file holds what differs from the defaults:
  {"types":[{"type":"email","limit":{"value":3,"window":"ever"}},
            {"type":"crm.id","priority":2,"traits":["crm.id"],"limit":{"value":1,"window":"ever"}}],
   "survivorship":[{"trait":"ltv","rule":"max"},{"trait":"name","rule":"source_priority","sources":["crm","web"]}],
   "standardise":[{"trait":"*","rule":"trim"},{"trait":"country","rule":"country_code"},
                  {"trait":"birthday","rule":"date","order":"dmy"},{"trait":"phone","rule":"phone"}],
   "defaultCountry":"DE"}
Rules of types and of standardise hold from the next event on; survivorship changes traits at once, and back again.
standardise: trim lower upper title empty_to_null number boolean date phone country_code, applied in the order given.

Examples:
  kith identity rules
  kith identity rules --set rules.json --dry-run`;
