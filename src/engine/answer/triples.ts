/** Triples of scores by their place: (r, f, m), each from 0, is at (r × scores + f) × scores + m. */
import type { RfmCell, RfmScores } from '../../model/analysis.ts';
import { rfmCell } from '../../query/execution/rfm-cell.ts';

const DEFAULT_SCORES = 5;

export class Triples {
  readonly scores: number;
  readonly count: number;
  readonly #cells: readonly RfmCell[];

  /** `scores`: the greatest score. */
  constructor(scores: number = DEFAULT_SCORES) {
    this.scores = scores;
    this.count = scores ** 3;
    this.#cells = Array.from({ length: this.count }, (_, place) => {
      const { recency, frequency, monetary } = this.scoresOf(place);
      return rfmCell(recency, frequency, monetary, scores);
    });
  }

  placeOf(recency: number, frequency: number, monetary: number): number {
    return (recency * this.scores + frequency) * this.scores + monetary;
  }

  scoresOf(place: number): RfmScores {
    const { scores } = this;
    return {
      recency: Math.floor(place / scores ** 2) + 1,
      frequency: (Math.floor(place / scores) % scores) + 1,
      monetary: (place % scores) + 1,
    };
  }

  cellOf(place: number): RfmCell {
    return this.#cells[place];
  }
}
