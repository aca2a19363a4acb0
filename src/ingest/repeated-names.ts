/**
 * One value a path: where a call gives a path twice, or a value both at a path and below it, the later leaf counts and the other is
 * dropped. JSON cannot say such a thing in one object, msgpack can; and names that are moved (traits beside a track call) may meet
 * others. Without this, what a profile shows would hang on the order in which its columns were learned.
 */
import type { EventTape } from './event-tape.ts';
import * as tapeOf from './event-tape.ts';
import type { NameInterner } from './name-interner.ts';

const VALUE_HERE = 1;
const VALUE_BELOW = 2;

/** Closes the gaps of the leaves from `leafStart` on. Costs their depth. */
export function dropOverridden(tape: EventTape, leafStart: number, names: NameInterner): void {
  const { leaves, numbers } = tape;
  const taken = new Map<number, number>();
  const kept: number[] = [];
  for (let leaf = tape.leafCount - 1; leaf >= leafStart; leaf--) {
    const path = leaves[leaf * tapeOf.LEAF_STRIDE];
    if (taken.has(path)) continue;
    if (isBelowValue(path, taken, names)) continue;
    taken.set(path, VALUE_HERE);
    for (let above = names.parentOf(path); above >= 0 && !taken.has(above); above = names.parentOf(above)) {
      taken.set(above, VALUE_BELOW);
    }
    kept.push(leaf);
  }
  let to = leafStart;
  for (const leaf of kept.reverse()) {
    leaves.copyWithin(to * tapeOf.LEAF_STRIDE, leaf * tapeOf.LEAF_STRIDE, (leaf + 1) * tapeOf.LEAF_STRIDE);
    numbers[to] = numbers[leaf];
    to += 1;
  }
  tape.leafCount = to;
}

function isBelowValue(path: number, taken: ReadonlyMap<number, number>, names: NameInterner): boolean {
  for (let above = names.parentOf(path); above >= 0; above = names.parentOf(above)) {
    const mark = taken.get(above);
    if (mark !== undefined) return mark === VALUE_HERE;
  }
  return false;
}
