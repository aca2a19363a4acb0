/**
 * What `kith serve` is for a test file that speaks to one: a process, or a cluster of processes. Suites are written for either; `cluster.test.ts` beside them
 * runs them again in the second form.
 */
// Its hooks end servers at the end of the file, not of the first suite that asks for one.
import './kith-process.ts';

export type ServerForm = 'process' | 'cluster';

const CLUSTER_FLAGS = ['--cluster', '--shards', '2', '--routers', '1'];

let form: ServerForm = 'process';

/** For every server that is started from here on. */
export function useServerForm(next: ServerForm): void {
  form = next;
}

export function serverForm(): ServerForm {
  return form;
}

/** Flags for a server of the form. `shards`: of one process; `flags`: of either. */
export function formFlags(shards: number, flags: readonly string[] = []): readonly string[] {
  return [...(form === 'cluster' ? CLUSTER_FLAGS : ['--shards', String(shards)]), ...flags];
}
