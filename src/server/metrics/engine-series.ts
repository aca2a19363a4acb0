/** The engine's own figures as Prometheus series, read from one `stats()` at each scrape. */
import type { EngineStats } from '../../engine/gateway.ts';
import type { SeriesPage } from './series-page.ts';

/** What the engine tells about itself. */
export function defineEngineSeries(page: SeriesPage): void {
  page.single('counter', 'kith_events_accepted_total', 'Items accepted, duplicates included.', (s) => s.accepted);
  page.single(
    'counter',
    'kith_events_duplicate_total',
    'Items seen before inside the window and so already stored.',
    (s) => s.duplicates,
  );
  page.labelled('counter', 'kith_events_rejected_total', 'Items refused, by error code.', ['code'], (s) =>
    Object.entries(s.rejectedByCode),
  );
  page.labelled('counter', 'kith_dropped_total', 'Other things not done, by reason.', ['reason'], (s) =>
    Object.entries(s.droppedByReason),
  );
  page.labelled('counter', 'kith_standardised_total', 'Trait values put in standard form, by rule.', ['rule'], (s) =>
    Object.entries(s.standardisedByRule),
  );
  page.single('counter', 'kith_lookups_total', 'Profile lookups.', (s) => s.lookups);
  page.single('counter', 'kith_lookup_misses_total', 'Lookups of unknown identifiers.', (s) => s.lookupMisses);
  page.single('counter', 'kith_queries_total', 'Queries answered or failed.', (s) => s.queries);
  page.single('counter', 'kith_query_errors_total', 'Queries that failed.', (s) => s.queryErrors);
  page.single('gauge', 'kith_ready', '1 when the engine serves.', (s) => (s.isReady ? 1 : 0));
  page.single('gauge', 'kith_profiles', 'Profiles in memory.', (s) => s.profiles);
  page.single('gauge', 'kith_events', 'Events in memory.', (s) => s.events);
  page.single('gauge', 'kith_queued_items', 'Items accepted by the door and not yet applied.', (s) => s.queuedItems);
  page.single('gauge', 'kith_memory_limit_bytes', 'Past it ingest is refused.', (s) => s.memoryLimitBytes);
  page.labelled('gauge', 'kith_memory_bytes', 'Memory by part.', ['part'], (s) => Object.entries(s.memoryBytes));
  const perShard = (read: (shard: EngineStats['shards'][number]) => number) => (s: EngineStats) =>
    s.shards.map((shard, index) => [String(index), read(shard)] as const);
  page.labelled(
    'gauge',
    'kith_log_lag',
    'Commands applied and not yet durable, by shard.',
    ['shard'],
    perShard((s) => s.appliedSeq - s.durableSeq),
  );
  page.labelled(
    'gauge',
    'kith_checkpoint_lag',
    'Commands that a restart would replay, by shard.',
    ['shard'],
    perShard((s) => s.appliedSeq - s.checkpointSeq),
  );
  page.labelled(
    'gauge',
    'kith_applied_seq',
    'Last command applied, by shard.',
    ['shard'],
    perShard((s) => s.appliedSeq),
  );
  page.labelled(
    'gauge',
    'kith_log_bytes',
    'Event log on disk, by shard.',
    ['shard'],
    perShard((s) => s.logBytes),
  );
  page.labelled(
    'gauge',
    'kith_shard_profiles',
    'Profiles, by shard.',
    ['shard'],
    perShard((s) => s.profiles),
  );
  page.labelled(
    'gauge',
    'kith_shard_events',
    'Events, by shard.',
    ['shard'],
    perShard((s) => s.events),
  );
}
