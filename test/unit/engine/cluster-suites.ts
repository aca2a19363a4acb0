/** Which suites of this folder run again with a cluster, and why the others do not: every one is in either list (`cluster.test.ts` looks). */
export const SUITES = ['completion', 'estimate', 'explain', 'schema', 'segments', 'why'] as const;

/** Single cases that need a data folder or a clock of their own say `isClusterForm()` where they are. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  checkpoints: 'a piece of an engine by itself, with a clock of its own; every shard has one',
  cluster: 'runs the others',
  'cluster-view': 'says what one process is where a cluster is asked for',
  'data-folder': 'the folder of one process; a cluster has its own (test/unit/supervisor/cluster-folder.test.ts)',
  'engine-room': 'a piece of an engine by itself; every shard has one',
  enrichment:
    'replays the folder of one process throughout; the door of it runs with a cluster in test/server/identity.test.ts',
  matching: 'asks the library, which answers at once; a cluster is held against it in test/cluster/matching',
  'matching-store':
    'the file of suggestions by itself; in a cluster the first shard has it (test/cluster/matching/deaths.test.ts)',
  standardise:
    'replays the folder of one process throughout; the same code runs at a shard (src/cluster/shard-ingest.ts)',
};
