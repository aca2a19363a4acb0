/** Passes that change nothing in the plan and allow the execution something. */
import { switchPass } from '../pass.ts';

export const pushCandidates = switchPass(
  'push_candidates',
  'later parts look only at the rows that earlier ones left open',
  'pushCandidates',
);
export const skipChunks = switchPass(
  'skip_chunks',
  'chunks without a candidate, or outside the window by their zone map, are not visited',
  'skipChunks',
);
export const probeChains = switchPass(
  'probe_chains',
  'for few profiles or rare events chains are followed instead of a scan',
  'probeChains',
);
