/**
 * A way to kill a shard by what is sent to it, for tests: with `NODE_ENV=test`, `KITH_TEST_DIE_ON=text` lets a shard's process end at once, as by a
 * fault, when an item or a question that holds the text is about to be handled. Off unless set; a cluster does not start with it elsewhere.
 */
import type { Handlers } from '../link/peer.ts';
import { EngineError } from '../model/error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const DIE_ON_VARIABLE = 'KITH_TEST_DIE_ON';
const EXIT_CODE = 70;
const METHODS = ['ingest', 'part_open'];

/** Errors: invalid_request. */
export function assertDeathAllowed(environment: Environment): void {
  if (dieOn(environment) === undefined || environment['NODE_ENV'] === 'test') return;
  throw new EngineError('invalid_request', `${DIE_ON_VARIABLE} is for tests: it needs NODE_ENV=test`);
}

/** Undefined = nothing is to be put before the calls. Errors: invalid_request. */
export function deathForTests(environment: Environment): ((calls: Handlers) => Handlers) | undefined {
  assertDeathAllowed(environment);
  const text = dieOn(environment);
  if (text === undefined) return undefined;
  return (calls) => ({
    ...calls,
    ...Object.fromEntries(
      METHODS.map((method) => [
        method,
        (args: unknown, call: Parameters<Handlers[string]>[1]) => {
          if (holds(args, text)) process.exit(EXIT_CODE);
          return calls[method](args, call);
        },
      ]),
    ),
  });
}

function dieOn(environment: Environment): string | undefined {
  const text = environment[DIE_ON_VARIABLE];
  return text === undefined || text === '' ? undefined : text;
}

function holds(args: unknown, text: string): boolean {
  const { items } = args as { readonly items?: Uint8Array };
  if (items === undefined) return JSON.stringify(args).includes(text);
  return Buffer.from(items.buffer, items.byteOffset, items.byteLength).includes(text);
}
