/** What a process of the cluster is about, a shard's host or a router's door, as `child-main.ts` runs it. */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { QuarantineNews } from '../cluster/quarantine.ts';
import type { Network } from '../link/dial.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { ChildStats } from './child.ts';
import type { ControlLink } from './control-link.ts';

export interface RoleContext {
  readonly index: number;
  readonly link: ControlLink;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** The process cannot go on: it says why and ends. */
  onFatal(error: unknown): void;
}

export interface RolePart {
  /** URL where it listens; empty = nowhere. */
  readonly door: string;
  useMap(map: ClusterMap): void;
  useQuarantine(news: QuarantineNews): void;
  stats(): Promise<ChildStats>;
  /** Answers what is under way, keeps what it has. */
  close(): Promise<void>;
}

export type OpenRole = (context: RoleContext) => Promise<RolePart>;
