/**
 * Saved segments as a process sees them that does not own them: a copy of the owner's list, replaced whole. Never older than what it showed
 * before, so somebody who saved a segment through this process and asks again finds it.
 */
import type { Expression } from '../model/expression.ts';
import type { Segment } from '../model/segment.ts';
import type { SegmentView } from './segment-view.ts';

export class SegmentReplica implements SegmentView {
  #segments: ReadonlyMap<string, Segment> = new Map();
  #version = -1;

  /** The owner's revision that is shown; −1 = nothing came yet. */
  get version(): number {
    return this.#version;
  }

  /** The owner's whole list, in its order. False = it is older than what is shown, and nothing changed. */
  use(version: number, segments: readonly Segment[]): boolean {
    if (version < this.#version) return false;
    if (version === this.#version) return true;
    this.#segments = new Map(segments.map((segment) => [segment.key, segment]));
    this.#version = version;
    return true;
  }

  /** The next change alone. False = others before it are missing here, and the whole list is needed. */
  apply(version: number, change: SegmentChange): boolean {
    if (version <= this.#version) return true;
    if (version !== this.#version + 1) return false;
    const next = new Map(this.#segments);
    if ('deleted' in change) next.delete(change.deleted);
    else next.set(change.saved.key, change.saved);
    const ordered = [...next.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return this.use(version, ordered);
  }

  get(key: string): Segment | undefined {
    return this.#segments.get(key);
  }

  definition(key: string): Expression | undefined {
    return this.#segments.get(key)?.where;
  }

  keys(): Iterable<string> {
    return this.#segments.keys();
  }

  list(): readonly Segment[] {
    return [...this.#segments.values()];
  }
}

/** What one save or delete did. */
export type SegmentChange = { readonly saved: Segment } | { readonly deleted: string };
