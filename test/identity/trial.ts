/** Trying requests first: a trial changes nothing, and tells what then comes of the request. */
import { expect } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { IdentitySettings } from '../../src/model/identity.ts';
import type { MergeAnswer, MergeRequest, UnmergeAnswer, UnmergeRequest } from '../../src/model/identity-request.ts';
import type { Profile } from '../../src/model/profile.ts';
import { leavesOf } from './naive-traits.ts';

/** What is said would come of the request; that it changed nothing is checked. */
export async function mergeTrialOf(engine: Engine, request: MergeRequest): Promise<MergeAnswer> {
  const hash = engine.stateHash();
  const trial = await engine.mergeProfiles({ ...request, dryRun: true });
  expect(trial.isDone).toBe(false);
  expect(engine.stateHash()).toBe(hash);
  return trial;
}

export async function unmergeTrialOf(engine: Engine, request: UnmergeRequest): Promise<UnmergeAnswer> {
  const hash = engine.stateHash();
  const trial = await engine.unmergeProfile({ ...request, dryRun: true });
  expect(trial.isDone).toBe(false);
  expect(engine.stateHash()).toBe(hash);
  return inOrderOfIds(trial);
}

/** Puts the rules in force, after a trial that must have told the number of profiles whose traits changed. */
export async function putTriedRules(engine: Engine, rules: IdentitySettings): Promise<void> {
  const hash = engine.stateHash();
  const before = await traitsById(engine);
  const { impact, isDone } = await engine.setIdentitySettings(rules, { dryRun: true });
  expect(isDone).toBe(false);
  expect(engine.stateHash()).toBe(hash);
  await engine.setIdentitySettings(rules);
  const after = await traitsById(engine);
  const changed = new Map<string, number>();
  for (const [id, traits] of after) {
    for (const path of new Set([...traits.keys(), ...before.get(id)!.keys()])) {
      if (traits.get(path) !== before.get(id)!.get(path)) changed.set(path, (changed.get(path) ?? 0) + 1);
    }
  }
  expect(new Map(impact.changedTraits.map(({ trait, profiles }) => [trait, profiles]))).toEqual(changed);
}

async function traitsById(engine: Engine): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>();
  for await (const bytes of engine.exportProfiles()) {
    const { id, traits } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Profile;
    found.set(id, new Map(leavesOf(traits).map(([path, value]) => [path, JSON.stringify(value)])));
  }
  return found;
}

export function inOrderOfIds(answer: UnmergeAnswer): UnmergeAnswer {
  return { ...answer, profiles: [...answer.profiles].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}
