/** What a cluster does not do, so that suites leave out what is about it: the whole list, each with its reason. */
import { currentForm } from './harness.ts';

const GAPS = {
  accounts: 'accounts are an index over the group calls of all people, which one process must have: query_unsupported',
} as const;

/** For `describe.skipIf`. */
export function isGap(name: keyof typeof GAPS): boolean {
  return currentForm() === 'cluster' && name in GAPS;
}
