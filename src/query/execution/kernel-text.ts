/** What a term of a kernel is written with: names for the arguments of the one chunk that the kernel is for. */
import type { ColumnImage } from './column-image.ts';

/** A condition as source text, or what it is known to be. */
export type Term = string | boolean;

export interface KernelText {
  readonly slabs: readonly SharedArrayBuffer[];
  readonly chunk: number;
  readonly firstIndex: number;
  /** A name for the value in the kernel's text. Objects are passed once. */
  argument(value: unknown): string;
  /** A name for the chunk's elements of the column; undefined where none has anything. */
  view(image: ColumnImage): string | undefined;
  /** Reads the chunk's element at `index` (source text) as it is stored, of a column that is never missing: rows and times. */
  element(image: ColumnImage, index: string): string;
}
