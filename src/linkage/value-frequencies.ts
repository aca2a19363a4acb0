/** How common each value is among records. */
import type { ComparisonData } from './comparison-data.ts';

/** By field and code: records with the value. */
export function recordFrequencies({ recordCount, fields, codes }: ComparisonData): readonly Float64Array[] {
  const width = fields.length;
  return fields.map(({ texts }, field) => {
    const counts = new Float64Array(texts.offsets.length - 1);
    for (let row = 0; row < recordCount; row++) counts[codes[row * width + field]]++;
    counts[0] = 0;
    return counts;
  });
}
