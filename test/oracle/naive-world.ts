/** The naive model after all batches of a world, and its answer to a question. */
import { identityOf, type Question, segmentsOf, type World } from './generate/world.ts';
import type { Moment } from './naive/event-choice.ts';
import { NaiveModel } from './naive/naive-model.ts';
import { mustInstantOf } from './naive/window.ts';

export function naiveModelOf(world: World): NaiveModel {
  const model = new NaiveModel(identityOf(world));
  for (const { items, receivedAtMs, sentAtMs, isImport } of world.batches) {
    model.ingest(items, { receivedAtMs, sentAt: sentAtMs, isImport });
  }
  return model;
}

export function momentOf(world: World, { at }: Pick<Question, 'at'>): Moment {
  return { nowMs: world.nowMs, atMs: at === undefined ? undefined : mustInstantOf(at), segments: segmentsOf(world) };
}

/** Empty when the sets are equal. */
export function difference(actual: ReadonlySet<string>, expected: ReadonlySet<string>): string {
  const extra = [...actual].filter((id) => !expected.has(id));
  const missing = [...expected].filter((id) => !actual.has(id));
  return [...extra.map((id) => `+${JSON.stringify(id)}`), ...missing.map((id) => `-${JSON.stringify(id)}`)].join(' ');
}
