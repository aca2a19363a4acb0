/** The columns of one query, captured at its start: the same column is captured once. */
import type { RunStore } from '../index/event-runs.ts';
import { ScalarTables } from '../index/scalar-tables.ts';
import { type ColumnImage, captureColumn, type ImageSource } from './column-image.ts';

export class ImageSet {
  /** Where runs of events are kept; absent = they are made for each question. */
  readonly runs: RunStore | undefined;
  /** Scalars by code, kept between questions. */
  readonly tables: ScalarTables;
  readonly #images = new Map<ImageSource, ColumnImage>();

  constructor(runs?: RunStore, tables = new ScalarTables(0)) {
    this.runs = runs;
    this.tables = tables;
  }

  image(column: ImageSource): ColumnImage {
    let image = this.#images.get(column);
    if (image === undefined) {
      image = captureColumn(column);
      this.#images.set(column, image);
    }
    return image;
  }
}
