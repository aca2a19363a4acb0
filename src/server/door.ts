/** What every handler is given: the engine and the parts of the server that answers for it. Assembled in `server.ts`. */
import type { Gateway } from '../engine/gateway.ts';
import type { KeyRing } from './auth/key-ring.ts';
import type { BodyBudget } from './http/body-budget.ts';
import type { IngestTurns } from './ingest-turns.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ServerMetrics } from './metrics/server-metrics.ts';
import type { ServerSettings } from './options.ts';

/** What every handler of one server shares. */
export interface Door {
  /** Whatever answers: its readers may answer at once or later, and every handler takes both. */
  readonly engine: Gateway;
  readonly settings: ServerSettings;
  readonly keys: KeyRing;
  readonly lifecycle: Lifecycle;
  readonly metrics: ServerMetrics;
  readonly bodies: BodyBudget;
  readonly ingestTurns: IngestTurns;
  readonly isLoopback: boolean;
}
