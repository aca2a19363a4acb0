/** Laws between the engine's own answers beyond those of logic: of sequences, groups, funnels, cohorts and random buckets. */

import type { Engine } from '../../src/engine/engine.ts';
import type { BreakdownBody, FunnelBody, RetentionBody } from '../../src/model/analysis.ts';
import type { Expression, SequenceLeaf, SequenceStep } from '../../src/model/expression.ts';
import type { Analysis } from './generate/analysis.ts';
import { SALTS } from './generate/pool.ts';

type Ask = (where: Expression) => Promise<ReadonlySet<string>>;

async function idsOf(engine: Engine, where: Expression): Promise<ReadonlySet<string>> {
  const answer = await engine.query({ where, as: 'ids', limit: 1_000_000 });
  if (!('ids' in answer)) throw new TypeError('asked for ids');
  return new Set(answer.ids);
}

/** The first law about a sequence that is broken: wider conditions lose nobody. */
export async function brokenSequenceLaw(engine: Engine, leaf: SequenceLeaf): Promise<string | undefined> {
  const ask: Ask = (where) => idsOf(engine, where);
  const own = await ask(leaf);
  const mapped = (change: (step: SequenceStep) => SequenceStep): SequenceLeaf => ({
    ...leaf,
    sequence: leaf.sequence.map(change),
  });
  const wider: Readonly<Record<string, Expression>> = {
    'a longer within': mapped((step) => (step.within === undefined ? step : { ...step, within: '100w' })),
    'no without': mapped(({ without: _, ...step }) => step),
    'no window': { sequence: leaf.sequence },
    'its first event': { event: leaf.sequence[0].event },
  };
  for (const [name, where] of Object.entries(wider)) {
    const ids = await ask(where);
    const lost = [...own].filter((id) => !ids.has(id));
    if (lost.length > 0) return `${name} loses ${lost.join()} of ${JSON.stringify(leaf)}`;
  }
  return undefined;
}

/** The first law about an analysis that is broken. */
export async function brokenAnalysisLaw(engine: Engine, analysis: Analysis): Promise<string | undefined> {
  const text = JSON.stringify(analysis);
  if (analysis.at !== undefined) return undefined;
  const answer: unknown = await engine.query(analysis);
  if (analysis.funnel !== undefined) {
    const { steps } = answer as FunnelBody;
    const { event, where } = analysis.funnel.steps[0];
    const started: Expression = { event, where, window: analysis.funnel.window };
    const first = await idsOf(engine, analysis.where === undefined ? started : { and: [analysis.where, started] });
    if (steps[0].count !== first.size) return `funnel begins with ${steps[0].count}, ${first.size} did it: ${text}`;
    if (steps.some(({ count }, i) => i > 0 && count > steps[i - 1].count)) return `a funnel that widens: ${text}`;
  }
  if (analysis.retention !== undefined) {
    const { cohorts } = answer as RetentionBody;
    const { cohort, window } = analysis.retention;
    const began: Expression = { ...cohort, window };
    const all = await idsOf(engine, analysis.where === undefined ? began : { and: [analysis.where, began] });
    const size = cohorts.reduce((sum, each) => sum + each.size, 0);
    if (size !== all.size) return `cohorts of ${size}, ${all.size} began: ${text}`;
    if (cohorts.some((each) => each.counts.some((count) => count !== null && count > each.size)))
      return `more came back than there were: ${text}`;
  }
  if (analysis.breakdown !== undefined && analysis.breakdown.event === undefined) {
    const { groups, rest, total } = answer as BreakdownBody;
    const sum = groups.reduce((all, group) => all + group.profiles, 0) + (rest?.profiles ?? 0);
    const selected = await idsOf(engine, analysis.where ?? { and: [] });
    if (total.profiles !== selected.size) return `groups of ${total.profiles}, ${selected.size} selected: ${text}`;
    if (sum < total.profiles) return `groups add up to ${sum} of ${total.profiles}: ${text}`;
  }
  return undefined;
}

/** Of one trait that is never a list, the groups add up exactly; buckets side by side hold everybody once. */
export async function brokenPartition(engine: Engine, profileCount: number): Promise<string | undefined> {
  const byFirstSeen = (await engine.query({
    as: 'breakdown',
    breakdown: { by: ['first_seen'], limit: 10_000 },
  })) as BreakdownBody;
  const sum = byFirstSeen.groups.reduce((all, group) => all + group.profiles, 0);
  if (sum !== profileCount) return `groups by first_seen add up to ${sum} of ${profileCount}`;
  for (const salt of SALTS) {
    const low = await idsOf(engine, { random: { salt, from: 0, to: 0.37 } });
    const high = await idsOf(engine, { random: { salt, from: 0.37, to: 1 } });
    const isApart = [...low].every((id) => !high.has(id));
    if (!isApart || low.size + high.size !== profileCount)
      return `buckets of ${low.size} and ${high.size} of ${profileCount}`;
  }
  return undefined;
}
