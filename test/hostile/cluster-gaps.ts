/** What of this folder does not run again before a cluster: the whole list, each with its reason. */
import { serverForm } from '../process/server-form.ts';

/** Suites. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'query.test.ts': 'has both forms itself',
};

const GAPS = {
  pipelining:
    'a router answers in a later turn, and uWebSockets ends a connection where a request comes before the one ahead of it is answered; that it never mixes answers up is tested',
} as const;

/** For `it.skipIf`. */
export function isGap(name: keyof typeof GAPS): boolean {
  return serverForm() === 'cluster' && name in GAPS;
}
