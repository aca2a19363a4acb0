/** Saved segments between processes: the first shard owns the list, every other process holds a copy that hears of each change before its caller does. */
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import { checkSegmentKey } from '../../engine/segment-check.ts';
import { type SegmentList, SegmentOwner, type VersionedChange } from '../../engine/segment-owner.ts';
import type { Handlers, Peer } from '../../link/peer.ts';
import type { SegmentRequest } from '../../model/segment.ts';
import type { Clock } from '../../runtime/clock.ts';

/** A copy that does not answer by then fetches the list when it is back. */
const TOLD_WITHIN_MS = 1_000;

export interface SegmentCallsParts {
  readonly engine: EmbeddedEngine;
  readonly clock: Clock;
  /** Who is connected. */
  readonly peers: () => Iterable<Peer>;
}

export function segmentCalls({ engine, clock, peers }: SegmentCallsParts): Handlers {
  const owner = new SegmentOwner(engine.segmentStore, clock);
  const told = async (done: VersionedChange): Promise<VersionedChange> => {
    const list = owner.list();
    await Promise.all(
      [...peers()].map((peer) =>
        peer.call('segments_changed', list, { timeoutMs: TOLD_WITHIN_MS }).catch(() => undefined),
      ),
    );
    return done;
  };
  return {
    segment_list: () => owner.list(),
    segment_save: (args) => {
      const { key, request } = args as { key: string; request: SegmentRequest };
      checkSegmentKey(key);
      return told(owner.save(key, request));
    },
    segment_delete: (args) => told(owner.delete((args as { key: string }).key)),
  };
}

/** For the links of a shard to the owner. */
export function followingSegments(engine: EmbeddedEngine): Handlers {
  return {
    segments_changed: (args) => {
      const { version, segments } = args as SegmentList;
      engine.segmentStore.follow(version, segments);
      return null;
    },
  };
}
