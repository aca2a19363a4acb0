/** Saved segments as everybody but their owner sees them. */
import type { Segment } from '../model/segment.ts';
import type { SegmentDefinitions } from './segment-expansion.ts';

export interface SegmentView extends SegmentDefinitions {
  get(key: string): Segment | undefined;
  /** In the order of their keys. */
  list(): readonly Segment[];
}
