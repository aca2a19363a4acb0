/** Cells and identities read from the columns as they are now. */
import type { ShardData } from '../../profile/shard-data.ts';
import type { Cell } from '../binder/cell.ts';
import type { IdentitySource } from '../binder/random-bucket.ts';
import type { ReadableCell } from './readable-cell.ts';

export function readableCell(cell: Cell): ReadableCell {
  switch (cell.kind) {
    case 'texts':
      return { kind: 'texts', elements: cell.column.codes, texts: cell.column.dictionary };
    case 'arrays': {
      const { column, rest, isFirstOnly } = cell;
      return { kind: 'arrays', elements: column.codes, texts: column.dictionary, rest, isFirstOnly };
    }
    default:
      return { kind: cell.kind, elements: cell.column };
  }
}

export function liveIdentities({ identifiers, profiles }: ShardData): IdentitySource {
  return {
    primaryOf: (row) => profiles.primaries.get(row),
    typeIdOf: (code) => identifiers.typeIdOf(code),
    locate: (code) => identifiers.locate(code),
    typeOf: (typeId) => identifiers.types[typeId],
  };
}
