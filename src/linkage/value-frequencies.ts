/** How common each value is: counted over records, or over people once clusters tell which records are one person. */
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

/** By field and code: clusters with the value among their records. `clusterOf` names a cluster by one of its rows. */
export function clusterFrequencies(data: ComparisonData, clusterOf: Uint32Array): readonly Float64Array[] {
  const { recordCount, fields, codes } = data;
  const width = fields.length;
  const order = rowsByCluster(clusterOf);
  return fields.map(({ texts }, field) => {
    const counts = new Float64Array(texts.offsets.length - 1);
    const lastSeenIn = new Uint32Array(counts.length);
    for (let at = 0; at < recordCount; at++) {
      const row = order[at];
      const code = codes[row * width + field];
      if (code === 0 || lastSeenIn[code] === clusterOf[row] + 1) continue;
      lastSeenIn[code] = clusterOf[row] + 1;
      counts[code]++;
    }
    return counts;
  });
}

function rowsByCluster(clusterOf: Uint32Array): Uint32Array {
  const next = new Uint32Array(clusterOf.length + 1);
  for (let row = 0; row < clusterOf.length; row++) next[clusterOf[row] + 1]++;
  for (let cluster = 0; cluster < clusterOf.length; cluster++) next[cluster + 1] += next[cluster];
  const order = new Uint32Array(clusterOf.length);
  for (let row = 0; row < clusterOf.length; row++) order[next[clusterOf[row]]++] = row;
  return order;
}
