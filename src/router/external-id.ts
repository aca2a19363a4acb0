/** `context.externalIds`: `[{"id","type",…}]`. Entries of another shape are left in the context and identify nobody. */
import { unpack } from 'msgpackr';
import type { EventTape } from '../ingest/event-tape.ts';
import * as tapeOf from '../ingest/event-tape.ts';
import type { Identifier } from '../model/profile.ts';

const MAX_EXTERNAL_IDS = 50;
const MAX_SIZE = 512;
const TYPE_PATTERN = /^[a-z][a-z0-9_.]{0,63}$/;

export function readExternalIds(tape: EventTape, leaf: number): Identifier[] {
  const at = leaf * tapeOf.LEAF_STRIDE;
  const offset = tape.leaves[at + tapeOf.LEAF_OFFSET];
  const list = unpack(tape.bytes.subarray(offset, offset + tape.leaves[at + tapeOf.LEAF_LENGTH])) as unknown[];
  const found: Identifier[] = [];
  for (const entry of list.slice(0, MAX_EXTERNAL_IDS)) {
    if (typeof entry !== 'object' || entry === null) continue;
    const { id, type } = entry as { id?: unknown; type?: unknown };
    if (typeof type !== 'string' || !TYPE_PATTERN.test(type) || type === 'user_id' || type === 'anonymous_id') continue;
    const value = typeof id === 'number' ? String(id) : id;
    if (typeof value === 'string' && value.length > 0 && value.length <= MAX_SIZE) found.push({ type, value });
  }
  return found;
}
