/**
 * An engine for tests that must hold of every form there is: in this process, or a whole cluster of one process over a network in memory, asked by
 * its router.
 */
import type { Awaitable } from '../../src/base/awaitable.ts';
import type { Gateway } from '../../src/engine/gateway.ts';
import { type OpenOptions, open } from '../../src/engine/open.ts';
import type { Identifier, LookupOptions, Profile } from '../../src/model/profile.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { MemoryCluster } from '../cluster/memory-cluster.ts';

/** What tests may use of an engine in whatever form: the contract of the doors, and what the library adds to it. */
export interface TestEngine extends Gateway {
  lookup(identifier: Identifier, options?: LookupOptions): Awaitable<Profile | undefined>;
  close(): Promise<void>;
}

export const CLUSTER_SHARDS = 3;

export function openEmbedded(options: OpenOptions = {}): Promise<TestEngine> {
  return open({ data: ':memory:', workers: 1, ...options });
}

let isCluster = false;

/** For every engine that `openForm` opens from here on. */
export function useClusterForm(): void {
  isCluster = true;
}

/** In which suites are run now. */
export function isClusterForm(): boolean {
  return isCluster;
}

/** An engine in the form that suites are run in. The caller closes it. */
export function openForm(options: OpenOptions): Promise<TestEngine> {
  return isCluster ? openCluster(options) : open(options);
}

/** Kept in memory whatever the options say; `shards` is the cluster's own. Closing it fails when a shard broke on the way. */
export async function openCluster({
  shards: _,
  data: __,
  clock,
  random,
  ...rest
}: OpenOptions = {}): Promise<TestEngine> {
  const cluster = await MemoryCluster.open({
    shards: CLUSTER_SHARDS,
    clock: { ...systemClock, ...clock },
    random,
    engine: rest,
  });
  const router = await cluster.router();
  const closeRouter = router.close.bind(router);
  return Object.assign(router, {
    close: async () => {
      await closeRouter();
      await cluster.close();
      if (cluster.fatal.length > 0) throw new AggregateError(cluster.fatal, 'a shard broke');
    },
  });
}
