/**
 * An enrichment record as the identify call that it is kept as. Its message id is made of what it says, so that the same list
 * sent again changes nothing, however much later; who means a new statement of the same values gives it another time.
 */
import { xxh32 } from '../../base/hash.ts';
import type { EnrichmentPriority, EnrichmentRecord } from '../../model/enrichment.ts';
import type { Identifier } from '../../model/profile.ts';

/** `identifier`: as it is kept. The item comes under it whatever its id fields say, which a call must have. */
export function enrichmentItem(
  source: string,
  priority: EnrichmentPriority,
  { traits, at }: EnrichmentRecord,
  identifier: Identifier,
): Record<string, unknown> {
  const { type, value } = identifier;
  const said = JSON.stringify([source, priority, type, value, at ?? null, traits]);
  return {
    type: 'identify',
    ...(type === 'anonymous_id' ? { anonymousId: value } : { userId: value }),
    messageId: uuidOf(said),
    ...(at === undefined ? {} : { timestamp: at }),
    traits,
    context: { source, enrichment: { fill: priority === 'fill' } },
  };
}

/** 128 bits in the form of a UUID of version 8, whose bits are the maker's own. */
function uuidOf(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  const hex = [1, 2, 3, 4]
    .map((seed) => xxh32(bytes, 0, bytes.length, seed) >>> 0)
    .map((n) => n.toString(16).padStart(8, '0'));
  const all = hex.join('');
  return `${all.slice(0, 8)}-${all.slice(8, 12)}-8${all.slice(13, 16)}-8${all.slice(17, 20)}-${all.slice(20)}`;
}
