/** Values to tell apart, one source of them: a typed column, or the scalars of each array by its code. */
import type { ColumnImage } from './column-image.ts';
import type { Program } from './program.ts';

/** `numberOf`: by code, where codes are not the numbering themselves. `array`: scalars of code k are `starts[k]` … `starts[k + 1]`. */
export type DistinctSource =
  | {
      readonly kind: 'numbers' | 'texts' | 'booleans';
      readonly present: Program;
      readonly image: ColumnImage;
      readonly numberOf: Float64Array | undefined;
    }
  | {
      readonly kind: 'array';
      readonly present: Program;
      readonly image: ColumnImage;
      readonly starts: Uint32Array;
      readonly tags: Uint8Array;
      readonly values: Float64Array;
    };
