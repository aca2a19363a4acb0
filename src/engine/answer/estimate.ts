/**
 * `mode: "estimate"`: a count from a sample of the profiles, each shard by its share. Small populations, and conditions that bitmaps
 * answer alone, are counted exactly: that is as fast.
 */
import { xxh32 } from '../../base/hash.ts';
import type { CountBody } from '../../model/query.ts';
import type { AskedQuestion } from './asked-question.ts';

/** Within one percentage point of the true share, 95 times in 100, whatever the share. */
const SAMPLE_COUNT = 10_000;
const CONFIDENCE = 0.95;
/** Two-sided quantile of the normal curve at that confidence. */
const Z = 1.959_964;

/** Undefined: count exactly. */
export function estimateCount(question: AskedQuestion): Promise<CountBody | undefined> {
  return question.sampling(async ({ sizes, isAnsweredByBitmaps }, sample) => {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total <= 2 * SAMPLE_COUNT || isAnsweredByBitmaps) return undefined;
    const text = Buffer.from(JSON.stringify([question.where, question.request.at ?? null]));
    const seed = xxh32(text, 0, text.length, 0);
    const counts = sizes.map((size) => Math.round((size / total) * SAMPLE_COUNT));
    const found = await sample(counts, seed);
    const sampleSize = counts.reduce((sum, count) => sum + count, 0);
    const fitCount = found.reduce((sum, count) => sum + count, 0);
    const [low, high] = wilsonInterval(fitCount, sampleSize);
    // What was looked at is known: those that fit are there, those that do not are not.
    const least = Math.max(fitCount, Math.floor(low * total));
    const most = Math.min(total - (sampleSize - fitCount), Math.ceil(high * total));
    const count = Math.round((fitCount / sampleSize) * total);
    return { count, isExact: false, interval: [least, most], confidence: CONFIDENCE, sampleSize };
  });
}

/** Wilson's score interval of a share: good at shares near 0 and 1 too, and never empty. */
export function wilsonInterval(fitCount: number, sampleSize: number): readonly [number, number] {
  const share = fitCount / sampleSize;
  const square = (Z * Z) / sampleSize;
  const middle = share + square / 2;
  const half = Z * Math.sqrt((share * (1 - share) + square / 4) / sampleSize);
  return [Math.max(0, (middle - half) / (1 + square)), Math.min(1, (middle + half) / (1 + square))];
}
