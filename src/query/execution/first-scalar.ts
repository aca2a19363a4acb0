/** The first scalar that a path reaches at one element, as a value, from images; null where nothing is. A text is decoded once. */
import { unreachable } from '../../base/assert.ts';
import { formatIsoDate } from '../../base/iso-date.ts';
import { decodeUtf8 } from '../../memory/byte-heap.ts';
import type { GroupValue } from '../../model/analysis.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { ArrayWalk } from '../binder/array-walk.ts';
import type { GuardedCell } from '../binder/guarded-cell.ts';
import type { IndexTest } from '../evaluation/index-test.ts';
import type { ReadableCell } from '../evaluation/readable-cell.ts';
import { ScalarList, TAG_BOOLEAN, TAG_NUMBER } from '../evaluation/scalar-list.ts';
import { type CellImage, captureCell, readableImage } from './cell-image.ts';
import type { ImageSet } from './image-set.ts';
import { type Program, programOf } from './program.ts';
import { compileProgramTest } from './program-test.ts';

export interface CapturedScalar {
  readonly cells: readonly { readonly guard: Program; readonly image: CellImage }[];
}

export function captureScalar(cells: readonly GuardedCell[], images: ImageSet): CapturedScalar {
  return {
    cells: cells.map(({ guard, cell }) => ({ guard: programOf(guard, images), image: captureCell(cell, images) })),
  };
}

export type ScalarReader = (index: number) => GroupValue;

export function scalarReader({ cells }: CapturedScalar, slabs: readonly SharedArrayBuffer[]): ScalarReader {
  const parts = cells.map(({ guard, image }): { guard: IndexTest; read: ScalarReader } => ({
    guard: compileProgramTest(guard, slabs),
    read: cellScalar(readableImage(slabs, image)),
  }));
  return (index) => {
    for (const { guard, read } of parts) {
      const value = guard(index) ? read(index) : null;
      if (value !== null) return value;
    }
    return null;
  };
}

function cellScalar(cell: ReadableCell): ScalarReader {
  const { elements } = cell;
  switch (cell.kind) {
    case 'numbers':
      return (index) => {
        const value = elements.get(index);
        return Number.isNaN(value) ? null : value;
      };
    case 'booleans':
      return (index) => {
        const code = elements.get(index);
        return code === 0 ? null : code === BOOLEAN_TRUE;
      };
    case 'instants':
      return (index) => formatIsoDate(elements.get(index));
    case 'texts': {
      const { texts } = cell;
      return remembered(cell, (code) => {
        texts.locate(code);
        return decodeUtf8(texts.heap.block, texts.heap.start, texts.heap.size);
      });
    }
    case 'arrays': {
      const { texts } = cell;
      const list = new ScalarList(cell.isFirstOnly);
      const walk = new ArrayWalk(cell.rest);
      return remembered(cell, (code) => {
        list.clear();
        walk.run(texts, code, list);
        return firstOf(list);
      });
    }
    default:
      return unreachable(cell);
  }
}

/** By code: what was read once is kept. */
function remembered({ elements }: ReadableCell, read: (code: number) => GroupValue): ScalarReader {
  const known = new Map<number, GroupValue>();
  return (index) => {
    const code = elements.get(index);
    if (code === 0) return null;
    let value = known.get(code);
    if (value === undefined) {
      value = read(code);
      known.set(code, value);
    }
    return value;
  };
}

function firstOf({ count, tags, numbers, blocks, starts, sizes }: ScalarList): GroupValue {
  if (count === 0) return null;
  if (tags[0] === TAG_NUMBER) return numbers[0];
  return tags[0] === TAG_BOOLEAN ? numbers[0] === 1 : decodeUtf8(blocks[0], starts[0], sizes[0]);
}
