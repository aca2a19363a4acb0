/** The optimizer's passes by name, in the order in which they run. A request may leave any of them out (`optimizer.off`). */
export const PASS_NAMES = [
  'push_down_not',
  'flatten',
  'merge_ranges',
  'deduplicate',
  'answer_from_bitmaps',
  'answer_from_participants',
  'fuse_scans',
  'order_by_selectivity',
  'push_candidates',
  'skip_chunks',
  'probe_chains',
] as const;
export type PassName = (typeof PASS_NAMES)[number];
