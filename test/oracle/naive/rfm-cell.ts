/** The named cells, each with the places it has in the drawing: `R.FM` of scores from 1 to 5. */
import type { RfmCell } from '../../../src/model/analysis.ts';

const PLACES: Readonly<Record<RfmCell, string>> = {
  champions: '5.4 5.5',
  loyal: '4.4 4.5 3.4 3.5',
  potential_loyalist: '5.2 5.3 4.2 4.3',
  new: '5.1',
  promising: '4.1',
  need_attention: '3.3',
  about_to_sleep: '3.1 3.2',
  cannot_lose: '2.5 1.5',
  at_risk: '2.3 2.4 1.3 1.4',
  hibernating: '2.1 2.2 1.2',
  lost: '1.1',
};

export interface Scored {
  readonly recency: number;
  readonly frequency: number;
  readonly monetary: number;
}

/** Scores of 1 to `scores` are brought to 1 … 5 first; F and M are one by their mean, a half rounded up. */
export function cellOf({ recency, frequency, monetary }: Scored, scores: number): RfmCell {
  const [r, f, m] = [recency, frequency, monetary].map((score) => fifth(score, scores));
  const place = `${r}.${Math.round((f + m) / 2)}`;
  const found = Object.entries(PLACES).find(([, places]) => places.split(' ').includes(place));
  if (found === undefined) throw new TypeError(`no cell at ${place}`);
  return found[0] as RfmCell;
}

/** The least part of five that is not below the score's part of all. */
function fifth(score: number, scores: number): number {
  return [1, 2, 3, 4, 5].find((part) => part * scores >= score * 5) ?? 5;
}
