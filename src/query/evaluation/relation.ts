/**
 * Whether some value of one cell stands in a relation to some value of another: the exact, general way, which every fast
 * path must agree with. Plain numbers are compared at once; all else goes through two lists (some 60 to 200 ns an element).
 */
import { unreachable } from '../../base/assert.ts';
import { parseIsoDateBytesMs } from '../../base/iso-date.ts';
import { isOrder } from '../binder/bind-compare.ts';
import type { Relation } from '../binder/cell.ts';
import { cellReader, type ElementSource, type ReadableCell } from './readable-cell.ts';
import { ScalarList, TAG_NUMBER, TAG_TEXT } from './scalar-list.ts';

/** `right` is another index where the two sides are of different tables. */
export type PairTest = (left: number, right: number) => boolean;

export function compileRelation(relation: Relation, left: ReadableCell, right: ReadableCell): PairTest {
  if (left.kind === 'numbers' && right.kind === 'numbers') {
    return numberPair(relation, left.elements, right.elements);
  }
  if (isDatePair(relation, left, right)) return numberPair(ofDates(relation), datesOf(left), datesOf(right));
  const readLeft = cellReader(left);
  const readRight = cellReader(right);
  const a = new ScalarList(left.kind === 'arrays' && left.isFirstOnly);
  const b = new ScalarList(right.kind === 'arrays' && right.isFirstOnly);
  return (leftIndex, rightIndex) => {
    a.clear();
    readLeft(leftIndex, a);
    if (a.count === 0) return false;
    b.clear();
    readRight(rightIndex, b);
    return anyFits(relation, a, b);
  };
}

/** Whether only instants are compared: the engine's own, and texts that count as dates alone. */
function isDatePair(relation: Relation, left: ReadableCell, right: ReadableCell): boolean {
  if (!isDated(left) || !isDated(right)) return false;
  if (left.kind === 'instants' && right.kind === 'instants') return true;
  const isRightDate = isOrder(relation) && right.kind === 'instants';
  return isRightDate || relation === 'before' || relation === 'after';
}

function isDated({ kind }: ReadableCell): boolean {
  return kind === 'texts' || kind === 'instants';
}

/** The engine writes all its instants alike, in 24 characters: one is a part of another only when they are equal. */
export function ofDates(relation: Relation): Relation {
  if (relation === 'before') return 'lt';
  if (relation === 'after') return 'gt';
  return isOrder(relation) ? relation : 'eq';
}

/** NaN for what is no date. */
function datesOf(cell: ReadableCell): ElementSource {
  if (cell.kind !== 'texts') return cell.elements;
  const { elements, texts } = cell;
  const { heap } = texts;
  return {
    get(index) {
      const code = elements.get(index);
      if (code === 0) return Number.NaN;
      texts.locate(code);
      return parseIsoDateBytesMs(heap.block, heap.start, heap.size);
    },
  };
}

/** NaN (nothing there) stands in no relation. */
function numberPair(relation: Relation, left: ElementSource, right: ElementSource): PairTest {
  switch (relation) {
    case 'lt':
      return (l, r) => left.get(l) < right.get(r);
    case 'lte':
      return (l, r) => left.get(l) <= right.get(r);
    case 'gt':
      return (l, r) => left.get(l) > right.get(r);
    case 'gte':
      return (l, r) => left.get(l) >= right.get(r);
    case 'eq':
      return (l, r) => left.get(l) === right.get(r);
    default:
      return () => false;
  }
}

export function anyFits(relation: Relation, left: ScalarList, right: ScalarList): boolean {
  for (let i = 0; i < left.count; i++) {
    for (let j = 0; j < right.count; j++) if (fits(relation, left, i, right, j)) return true;
  }
  return false;
}

function fits(relation: Relation, left: ScalarList, i: number, right: ScalarList, j: number): boolean {
  const tag = left.tags[i];
  if (tag !== right.tags[j]) return false;
  if (tag === TAG_TEXT) {
    return textFits(
      relation,
      left.blocks[i],
      left.starts[i],
      left.sizes[i],
      right.blocks[j],
      right.starts[j],
      right.sizes[j],
    );
  }
  if (relation === 'eq') return left.numbers[i] === right.numbers[j];
  return tag === TAG_NUMBER && numberFits(relation, left.numbers[i], right.numbers[j]);
}

/** An order between two numbers; other relations are of texts. */
export function numberFits(relation: Relation, left: number, right: number): boolean {
  switch (relation) {
    case 'eq':
      return left === right;
    case 'lt':
      return left < right;
    case 'lte':
      return left <= right;
    case 'gt':
      return left > right;
    case 'gte':
      return left >= right;
    default:
      return false;
  }
}

export function fitsAnyNumber(relation: Relation, left: number, right: ScalarList): boolean {
  for (let i = 0; i < right.count; i++) {
    if (right.tags[i] === TAG_NUMBER && numberFits(relation, left, right.numbers[i])) return true;
  }
  return false;
}

function textFits(
  relation: Relation,
  left: Uint8Array,
  leftStart: number,
  leftSize: number,
  right: Uint8Array,
  rightStart: number,
  rightSize: number,
): boolean {
  switch (relation) {
    case 'eq':
      return leftSize === rightSize && isSame(left, leftStart, right, rightStart, rightSize);
    case 'starts':
      return leftSize >= rightSize && isSame(left, leftStart, right, rightStart, rightSize);
    case 'ends':
      return leftSize >= rightSize && isSame(left, leftStart + leftSize - rightSize, right, rightStart, rightSize);
    case 'contains': {
      const last = leftStart + leftSize - rightSize;
      for (let at = leftStart; at <= last; at++) if (isSame(left, at, right, rightStart, rightSize)) return true;
      return false;
    }
    case 'before':
    case 'after': {
      const leftMs = parseIsoDateBytesMs(left, leftStart, leftSize);
      const rightMs = parseIsoDateBytesMs(right, rightStart, rightSize);
      return relation === 'before' ? leftMs < rightMs : leftMs > rightMs;
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      // The right side decides, as a literal would: a date is compared with dates, another text by bytes.
      const rightMs = parseIsoDateBytesMs(right, rightStart, rightSize);
      if (Number.isNaN(rightMs)) {
        return numberFits(relation, orderOf(left, leftStart, leftSize, right, rightStart, rightSize), 0);
      }
      return numberFits(relation, parseIsoDateBytesMs(left, leftStart, leftSize), rightMs);
    }
    default:
      return unreachable(relation);
  }
}

function isSame(left: Uint8Array, leftStart: number, right: Uint8Array, rightStart: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (left[leftStart + i] !== right[rightStart + i]) return false;
  return true;
}

function orderOf(
  left: Uint8Array,
  leftStart: number,
  leftSize: number,
  right: Uint8Array,
  rightStart: number,
  rightSize: number,
): number {
  const shared = Math.min(leftSize, rightSize);
  for (let i = 0; i < shared; i++) {
    const difference = left[leftStart + i] - right[rightStart + i];
    if (difference !== 0) return difference;
  }
  return leftSize - rightSize;
}
