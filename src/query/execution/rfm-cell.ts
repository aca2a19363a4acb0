/**
 * The named cells of recency, frequency and monetary scores. Scores are brought to 1 … 5 (of S: ⌈score × 5 ÷ S⌉); F and M are taken
 * together as their mean, halves rounded up. The cells, as they are usually drawn:
 *
 * | R \ FM | 1                | 2                    | 3                    | 4             | 5             |
 * | ------ | ---------------- | -------------------- | -------------------- | ------------- | ------------- |
 * | 5      | `new`            | `potential_loyalist` | `potential_loyalist` | `champions`   | `champions`   |
 * | 4      | `promising`      | `potential_loyalist` | `potential_loyalist` | `loyal`       | `loyal`       |
 * | 3      | `about_to_sleep` | `about_to_sleep`     | `need_attention`     | `loyal`       | `loyal`       |
 * | 2      | `hibernating`    | `hibernating`        | `at_risk`            | `at_risk`     | `cannot_lose` |
 * | 1      | `lost`           | `hibernating`        | `at_risk`            | `at_risk`     | `cannot_lose` |
 */
import type { RfmCell } from '../../model/analysis.ts';

/** By R, then by FM, both from 1. */
const CELLS: readonly (readonly RfmCell[])[] = [
  ['lost', 'hibernating', 'at_risk', 'at_risk', 'cannot_lose'],
  ['hibernating', 'hibernating', 'at_risk', 'at_risk', 'cannot_lose'],
  ['about_to_sleep', 'about_to_sleep', 'need_attention', 'loyal', 'loyal'],
  ['promising', 'potential_loyalist', 'potential_loyalist', 'loyal', 'loyal'],
  ['new', 'potential_loyalist', 'potential_loyalist', 'champions', 'champions'],
];

/** `scores`: the greatest score. */
export function rfmCell(recency: number, frequency: number, monetary: number, scores: number): RfmCell {
  const ofFive = (score: number): number => Math.ceil((score * 5) / scores);
  const value = Math.floor((ofFive(frequency) + ofFive(monetary) + 1) / 2);
  return CELLS[ofFive(recency) - 1][value - 1];
}
