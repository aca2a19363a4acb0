/** Lookups by every identifier, with and without events, with chosen fields, and the export, against the naive model. */
import type { Engine } from '../../src/engine/engine.ts';
import { canonicalProfile, canonicalText } from './canonical.ts';
import type { NaiveModel } from './naive/naive-model.ts';
import { pickFields } from './naive/pick-fields.ts';
import { difference } from './naive-world.ts';

/** More than any person has. */
const ALL_EVENTS = 10_000;
const FIELD_LISTS = [
  ['country'],
  ['address.city', 'a\\.b', '__proto__.x', 'last_seen'],
  ['counts', 'first_seen', 'identifiers', 'products.sku'],
  ['traits', 'segments', 'name.below'],
];

export async function compareLookups(engine: Engine, naive: NaiveModel): Promise<string | undefined> {
  if (engine.lookup({ type: 'user_id', value: 'nobody' }) !== undefined) return 'an unknown identifier finds a profile';
  for (const identifier of naive.profiles.flatMap((profile) => profile.identifiers)) {
    for (const events of [ALL_EVENTS, 2, 0]) {
      const actual = canonicalProfile(engine.lookup(identifier, { events }));
      const expected = canonicalProfile(naive.lookup(identifier, events));
      if (actual !== expected)
        return `lookup of ${canonicalText(identifier)}:\n  engine ${actual}\n  naive  ${expected}`;
    }
  }
  return compareFields(engine, naive) ?? (await compareExport(engine, naive));
}

function compareFields(engine: Engine, naive: NaiveModel): string | undefined {
  for (const { identifiers } of naive.profiles) {
    for (const fields of FIELD_LISTS) {
      const actual = canonicalProfile(engine.lookup(identifiers[0], { fields }));
      const expected = canonicalProfile(pickFields(naive.lookup(identifiers[0]) ?? {}, fields));
      if (actual !== expected)
        return `fields ${fields.join()} of ${canonicalText(identifiers[0])}:\n  engine ${actual}\n  naive  ${expected}`;
    }
  }
  return undefined;
}

async function compareExport(engine: Engine, naive: NaiveModel): Promise<string | undefined> {
  const exported: string[] = [];
  for await (const bytes of engine.exportProfiles({ events: ALL_EVENTS })) {
    exported.push(canonicalProfile(JSON.parse(new TextDecoder().decode(bytes))));
  }
  const expected = naive.profiles.map(({ identifiers }) => canonicalProfile(naive.lookup(identifiers[0], ALL_EVENTS)));
  if (exported.length !== expected.length) return `export of ${exported.length} profiles, not ${expected.length}`;
  const found = difference(new Set(exported), new Set(expected));
  return found === '' ? undefined : `export: ${found}`;
}
