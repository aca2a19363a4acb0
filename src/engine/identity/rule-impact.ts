/**
 * What a change of the rules would mean for the profiles that there are: read in slices, nothing is changed. New rules hold for what comes
 * after them; profiles are not taken apart by a lower limit, nor joined by a higher one. Traits are the exception: a rule of survivorship
 * is a way to read the calls that are there, so it changes profiles at once.
 */

import { joinPath } from '../../base/path.ts';
import { Normaliser } from '../../identity/normaliser.ts';
import { RuleTable } from '../../identity/rule-table.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type { RuleImpact } from '../../model/identity-request.ts';
import { TraitTrace } from '../../profile/history/trait-trace.ts';
import { journalEntry } from '../../profile/journal.ts';
import { SurvivorshipRules } from '../../profile/survivorship.ts';
import { callsInOrder } from '../../profile/trait-history.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Slices } from '../schema/slices.ts';

const EXAMPLE_COUNT = 20;

interface Tally {
  readonly overLimit: Map<string, { profiles: number; examples: string[] }>;
  readonly noLonger: Map<string, { identifiers: number; examples: string[] }>;
  readonly changedTraits: Map<string, { profiles: number; examples: { id: string; from: unknown; to: unknown }[] }>;
  refusedLinks: number;
  profiles: number;
}

export async function ruleImpact(
  shards: readonly Shard[],
  next: IdentitySettings,
  slices: Slices,
): Promise<RuleImpact> {
  const rules = new RuleTable(next);
  const normaliser = new Normaliser(next);
  const survivorship = new SurvivorshipRules(next.survivorship);
  const tally: Tally = {
    overLimit: new Map(),
    noLonger: new Map(),
    changedTraits: new Map(),
    refusedLinks: 0,
    profiles: 0,
  };
  for (const shard of shards) {
    for (let row = 0; row < shard.data.profiles.count; row++) {
      if (slices.isDue) await slices.pause();
      if (shard.data.isDead(row)) continue;
      tally.profiles += 1;
      lookAtIdentifiers(shard, row, rules, normaliser, tally);
      lookAtTraits(shard, row, survivorship, tally);
    }
  }
  return {
    profiles: tally.profiles,
    overLimit: [...tally.overLimit].map(([type, found]) => ({ type, ...found })),
    noIdentifiers: [...tally.noLonger].map(([type, found]) => ({ type, ...found })),
    refusedLinks: tally.refusedLinks,
    changedTraits: [...tally.changedTraits].map(([trait, found]) => ({ trait, ...found })),
  };
}

function lookAtIdentifiers(shard: Shard, row: number, rules: RuleTable, normaliser: Normaliser, tally: Tally): void {
  const { data, renderer } = shard;
  const counts = new Map<string, number>();
  for (const code of data.identifiersOf(row)) {
    const { type, value } = data.identifiers.identifierOf(code);
    counts.set(type, (counts.get(type) ?? 0) + 1);
    const normal = normaliser.normalise(type, value);
    if ('value' in normal && normal.value === value) continue;
    const found = tally.noLonger.get(type) ?? { identifiers: 0, examples: [] };
    found.identifiers += 1;
    if (found.examples.length < EXAMPLE_COUNT) found.examples.push(value);
    tally.noLonger.set(type, found);
  }
  for (const [type, count] of counts) {
    if (count <= rules.of(type).limit.value) continue;
    const found = tally.overLimit.get(type) ?? { profiles: 0, examples: [] };
    found.profiles += 1;
    if (found.examples.length < EXAMPLE_COUNT) found.examples.push(renderer.idOf(row));
    tally.overLimit.set(type, found);
  }
  const slot = data.journal.slotOf(row);
  if (slot < 0) return;
  for (const index of data.journal.eventsOf(slot)) {
    const { kind, reason } = journalEntry(data.journal, index, data.identifiers);
    if (kind === 'refusal' && reason === 'limit') tally.refusedLinks += 1;
  }
}

function lookAtTraits({ data, renderer }: Shard, row: number, next: SurvivorshipRules, tally: Tally): void {
  const { history, names, survivorship } = data;
  const slot = history.slotOf(row);
  if (slot < 0 || history.countAt(slot) < 2 || (next.isPlain && survivorship.isPlain)) return;
  const calls = callsInOrder(history, row);
  const traceOf = (rules: SurvivorshipRules): TraitTrace => {
    const trace = new TraitTrace({ history, names, survivorship: rules });
    for (const call of calls) trace.apply(call);
    return trace;
  };
  const before = traceOf(survivorship);
  const after = traceOf(next);
  for (const number of new Set([...before.held(), ...after.held()])) {
    const from = before.jsonOf(number);
    const to = after.jsonOf(number);
    if (from === to) continue;
    const trait = joinPath(history.properties[number].segments);
    const found = tally.changedTraits.get(trait) ?? { profiles: 0, examples: [] };
    found.profiles += 1;
    if (found.examples.length < EXAMPLE_COUNT)
      found.examples.push({ id: renderer.idOf(row), from: shownValue(from), to: shownValue(to) });
    tally.changedTraits.set(trait, found);
  }
}

/** Null where there is none. */
function shownValue(json: string | undefined): unknown {
  return json === undefined ? null : JSON.parse(json);
}
