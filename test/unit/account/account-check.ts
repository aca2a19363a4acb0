/** An engine, in whatever form, against the truth: traits, people, links and conditions in both directions. */
import { expect } from 'vitest';
import type { Gateway } from '../../../src/engine/gateway.ts';
import type { Expression, Match } from '../../../src/model/expression.ts';
import type { QueryRequest } from '../../../src/model/query.ts';
import { matches, type TrueAccount } from './account-truth.ts';
import type { RandomWorld } from './random-world.ts';

const MATCHES: readonly Match[] = ['any', 'all', 'none'];

async function idsOf(engine: Gateway, request: QueryRequest): Promise<string[]> {
  const answer = await engine.query({ ...request, as: 'ids' });
  if (!('ids' in answer)) throw new Error('no ids');
  return [...answer.ids].sort();
}

interface AccountCondition {
  readonly where: Expression;
  readonly fits: (account: TrueAccount) => boolean;
}
interface PersonCondition {
  readonly where: Expression;
  readonly fits: (person: number) => boolean;
}

const onPlan: AccountCondition = {
  where: { trait: 'plan', op: 'eq', value: 'pro' },
  fits: ({ traits }) => traits['plan'] === 'pro',
};
const onSize: AccountCondition = {
  where: { and: [{ trait: 'employees', op: 'gt', value: 10 }, { not: { trait: 'tags', op: 'contains', value: 'a' } }] },
  fits: ({ traits: { employees, tags } }) =>
    typeof employees === 'number' && employees > 10 && !(Array.isArray(tags) && tags.includes('a')),
};

function personConditions(world: RandomWorld): PersonCondition[] {
  return [
    { where: { event: 'Login' }, fits: (person) => world.didLogin(person) },
    { where: { trait: 'age', op: 'lt', value: 40 }, fits: (person) => (world.ages.get(person) ?? 99) < 40 },
    { where: { and: [] }, fits: () => true },
  ];
}

/** All conditions on accounts, those on their people included. */
function accountConditions(world: RandomWorld): AccountCondition[] {
  const { truth } = world;
  const inner = personConditions(world).flatMap(({ where, fits }) =>
    MATCHES.map((match) => ({
      where: { people: where, match },
      fits: ({ id }: TrueAccount): boolean => {
        const people = world.people().filter((person) => truth.accountsOf(person).has(id));
        return matches(people.map(fits), match);
      },
    })),
  );
  const both = inner.slice(0, 3).map(({ where, fits }) => ({
    where: { or: [{ not: where }, onPlan.where] },
    fits: (account: TrueAccount): boolean => !fits(account) || onPlan.fits(account),
  }));
  return [onPlan, onSize, ...inner, ...both];
}

export async function checkAccounts(engine: Gateway, world: RandomWorld): Promise<void> {
  const { truth } = world;
  const accounts = truth.accounts();
  const people = world.people();
  const membersOf = (id: string): number[] => people.filter((person) => truth.accountsOf(person).has(id));
  const expected = accounts.map(({ id, traits, firstMs, lastMs }) => ({
    id,
    traits,
    first_seen: new Date(firstMs).toISOString(),
    last_seen: new Date(lastMs).toISOString(),
    people: membersOf(id).length,
  }));
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  const { accounts: listed } = await engine.accounts.list();
  expect([...listed].sort(byId)).toEqual(expected.sort(byId));
  const one = world.pick(expected);
  expect(await engine.accounts.get(one.id)).toEqual(one);
  const { ids } = (await engine.accounts.people(one.id))!;
  expect([...ids].sort()).toEqual(
    membersOf(one.id)
      .map((person) => world.idOf(person))
      .sort(),
  );
  const somebody = world.pick(people);
  const id = world.idOf(somebody);
  const identifier = id.startsWith('anonymous_id:')
    ? { type: 'anonymous_id', value: id.slice('anonymous_id:'.length) }
    : { type: 'user_id', value: id };
  const theirs = await engine.accounts.ofPerson(identifier);
  expect(theirs?.accounts.map((account) => account.id).sort()).toEqual([...truth.accountsOf(somebody)].sort());

  for (const { where, fits } of accountConditions(world)) {
    const fitting = new Set(accounts.filter(fits).map((account) => account.id));
    expect([where, await idsOf(engine, { of: 'accounts', where })]).toEqual([where, [...fitting].sort()]);
    for (const match of MATCHES) {
      const leaf: Expression = { account: where, match };
      const found = people.filter((person) =>
        matches(
          [...truth.accountsOf(person)].map((one) => fitting.has(one)),
          match,
        ),
      );
      expect([leaf, await idsOf(engine, { where: leaf })]).toEqual([
        leaf,
        found.map((person) => world.idOf(person)).sort(),
      ]);
    }
  }
}
