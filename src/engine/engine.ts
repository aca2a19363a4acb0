/**
 * The whole engine inside one process, as a program that embeds it sees it: a `Gateway` whose readers answer at once. Implemented by
 * `EmbeddedEngine`.
 */

import type { ClusterView } from '../model/cluster.ts';
import type { IdentitySettings } from '../model/identity.ts';
import type { IdentityGraph } from '../model/identity-request.ts';
import type { Matching } from '../model/matching.ts';
import type { Identifier, LookupOptions, Profile } from '../model/profile.ts';
import type { ProfilePages } from '../model/profile-page.ts';
import type { Segment } from '../model/segment.ts';
import type { EngineStats, Gateway } from './gateway.ts';

export type { EngineStats, FrameOutcome } from './gateway.ts';

export interface Engine extends Omit<Gateway, 'lookupMany'> {
  /** The profile as UTF-8 JSON, or undefined. The bytes are valid until the next call into the engine: copy or send at once. */
  lookupJson(identifier: Identifier, options?: LookupOptions): Uint8Array | undefined;
  lookup(identifier: Identifier, options?: LookupOptions): Profile | undefined;
  readonly profilePages: ProfilePages;
  segment(key: string): Segment | undefined;
  segments(): readonly Segment[];
  identityGraph(identifier: Identifier): IdentityGraph | undefined;
  identitySettings(): IdentitySettings;
  readonly matching: Matching;
  stateHash(): string;
  stats(): EngineStats;
  cluster(): ClusterView;
  /** Drains, checkpoints and closes. Idempotent. */
  close(): Promise<void>;
}
