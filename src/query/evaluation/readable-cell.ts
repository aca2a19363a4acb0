/**
 * A cell to read from, whatever lies behind it: live columns, or images of them. What is read goes into a list.
 */
import { formatIsoDate } from '../../base/iso-date.ts';
import { BOOLEAN_TRUE } from '../../profile/value-column.ts';
import { ArrayWalk, type TextSource } from '../binder/array-walk.ts';
import type { ScalarList } from './scalar-list.ts';

/** NaN (numbers) or 0 (codes) where nothing is. */
export interface ElementSource {
  get(index: number): number;
}

export type ReadableCell =
  | { readonly kind: 'numbers' | 'booleans' | 'instants'; readonly elements: ElementSource }
  | { readonly kind: 'texts'; readonly elements: ElementSource; readonly texts: TextSource }
  | {
      readonly kind: 'arrays';
      readonly elements: ElementSource;
      readonly texts: TextSource;
      readonly rest: readonly string[];
      readonly isFirstOnly: boolean;
    };

/** Adds what is there at `index`. */
export type CellReader = (index: number, into: ScalarList) => void;

export function cellReader(cell: ReadableCell): CellReader {
  const { elements } = cell;
  switch (cell.kind) {
    case 'numbers':
      return (index, into) => {
        const value = elements.get(index);
        if (!Number.isNaN(value)) into.addNumber(value);
      };
    case 'booleans':
      return (index, into) => {
        const code = elements.get(index);
        if (code !== 0) into.addBoolean(code === BOOLEAN_TRUE);
      };
    case 'instants':
      return (index, into) => {
        const text = Buffer.from(formatIsoDate(elements.get(index)));
        into.addText(text, 0, text.length);
      };
    case 'texts': {
      const { texts } = cell;
      const { heap } = texts;
      return (index, into) => {
        const code = elements.get(index);
        if (code === 0) return;
        texts.locate(code);
        into.addText(heap.block, heap.start, heap.size);
      };
    }
    default: {
      const { texts } = cell;
      const walk = new ArrayWalk(cell.rest);
      return (index, into) => {
        const code = elements.get(index);
        if (code !== 0) walk.run(texts, code, into);
      };
    }
  }
}
