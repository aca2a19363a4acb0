/** One column of a shard's traits, as the schema reads it. */
import { joinPath } from '../../base/path.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ValueColumn } from '../../profile/value-column.ts';
import { ArrayPaths } from './array-paths.ts';
import { scanColumn } from './column-scan.ts';
import { FieldTally } from './field-tally.ts';
import type { Slices } from './slices.ts';

export const TRAIT_SOURCE = 'identify';

/** The column's own field, then those inside its arrays; `only`: none but that trait and what is below it. */
export async function readTrait(
  { profiles }: ShardData,
  column: ValueColumn,
  only: string | undefined,
  slices: Slices,
  isWhole: boolean,
): Promise<readonly FieldTally[]> {
  const name = joinPath(column.segments);
  const isWanted = (field: string): boolean => only === undefined || field === only || field.startsWith(`${only}.`);
  // A path through an array is asked for by the array.
  const isAbove = only?.startsWith(`${name}.`) === true && column.arrays !== undefined;
  if (!isWanted(name) && !isAbove) return [];
  const own = new FieldTally(name);
  own.sources.add(TRAIT_SOURCE);
  own.see(column.firstSetMs, column.lastSetMs);
  const fields = new Map([[name, own]]);
  await scanColumn(column, own, { slices, length: profiles.count, isWhole, paths: new ArrayPaths(fields) });
  return [...fields.values()].filter((tally) => isWanted(tally.name));
}
