/** Names and values of all shards as one, whoever read them: counts added up in the order of the shards. */
import type { CompletionPart } from './completion-part.ts';
import { addName, type NameCounts, type NamesPart, type Usage } from './known-names.ts';
import type { KnownValue, ValuesPart } from './known-values.ts';

const CONTEXT_PREFIX = 'context.';

export interface MergedValue {
  /** Undefined where too many have the field to be counted. */
  readonly count: number | undefined;
  readonly isEstimate: boolean;
}

/** What all have at the place of one slot. */
export interface MergedSlot {
  readonly names: Usage;
  /** Paths in the context, with `context.`: after all properties, however usual. */
  readonly contexts: Usage;
  readonly values: ReadonlyMap<KnownValue, MergedValue>;
}

export function mergeCompletion(parts: readonly CompletionPart[], slotCount: number): readonly MergedSlot[] {
  return Array.from({ length: slotCount }, (_, i) => {
    const slots = parts.map(({ slots }) => slots[i]);
    const names = slots.filter((slot) => 'names' in slot);
    return { ...mergeNames(names), values: mergeValues(slots.filter((slot) => 'values' in slot)) };
  });
}

function mergeNames(parts: readonly NamesPart[]): Pick<MergedSlot, 'names' | 'contexts'> {
  const names: Usage = new Map();
  const contexts: Usage = new Map();
  for (const part of parts) {
    addAll(names, part.names, '');
    addAll(contexts, part.contexts, CONTEXT_PREFIX);
  }
  // Properties win over a context's field of the same path.
  for (const name of names.keys()) contexts.delete(name);
  return { names, contexts };
}

function addAll(usage: Usage, counts: NameCounts, prefix: string): void {
  for (const [name, count, isEstimate] of counts) addName(usage, prefix + name, { count, isEstimate });
}

function mergeValues(parts: readonly ValuesPart[]): ReadonlyMap<KnownValue, MergedValue> {
  const counts = new Map<KnownValue, number | undefined>();
  /** Shards that told of the value, of those that did not tell of all. */
  const tellers = new Map<KnownValue, number>();
  let cutCount = 0;
  let isEstimate = false;
  for (const { values, isCut, isEstimate: isPartEstimate } of parts) {
    if (isCut) cutCount += 1;
    isEstimate ||= isPartEstimate;
    for (const [value, count] of values) {
      const before = counts.get(value);
      counts.set(value, count === null ? before : (before ?? 0) + count);
      if (isCut) tellers.set(value, (tellers.get(value) ?? 0) + 1);
    }
  }
  return new Map(
    [...counts].map(([value, count]) => {
      const isCountedByAll = (tellers.get(value) ?? 0) === cutCount;
      return [value, { count, isEstimate: isEstimate || !isCountedByAll }];
    }),
  );
}
