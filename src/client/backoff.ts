/** How long to wait before another try: doubling, with jitter so that many clients do not come back together. */
import type { ClientWorld } from './world.ts';

export interface BackoffSettings {
  readonly minMs: number;
  readonly maxMs: number;
}

/** `attempt` from 0. Half of the delay is by chance; never less than the server asked for, within the largest delay there is. */
export function backoffMs(
  world: ClientWorld,
  settings: BackoffSettings,
  attempt: number,
  retryAfterMs: number | undefined,
): number {
  const ceilingMs = Math.min(settings.maxMs, settings.minMs * 2 ** Math.min(attempt, 30));
  const jitteredMs = ceilingMs * (0.5 + world.random() / 2);
  return Math.max(jitteredMs, Math.min(retryAfterMs ?? 0, settings.maxMs));
}
