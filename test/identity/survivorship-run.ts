/** Every rule of survivorship, trait by trait, through merges, unmerges, changes of the rules and restarts; and every request tried first. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { readIdentitySettings } from '../../src/identity/settings.ts';
import { type IdentitySettings, SURVIVORSHIP_RULES } from '../../src/model/identity.ts';
import { commands, FREE_RULES, Stage } from './commands.ts';
import { Host } from './host.ts';
import { expectWhole } from './invariants.ts';
import { NaiveWorld } from './naive-world.ts';

const TRAITS = ['*', 'plan', 'score', 'tags', 'address', 'address.city', 'address.zip', 'vip', 'email'];

/** The n-th rule for each trait, some without any. */
const settings: fc.Arbitrary<IdentitySettings> = fc
  .tuple(...TRAITS.map(() => fc.option(fc.constantFrom(...SURVIVORSHIP_RULES), { freq: 3 })))
  .map((rules) =>
    readIdentitySettings({
      types: FREE_RULES.types,
      survivorship: rules.flatMap((rule, i) =>
        rule === null
          ? []
          : [{ trait: TRAITS[i], rule, ...(rule === 'source_priority' ? { sources: ['crm', 'app'] } : {}) }],
      ),
    }),
  );

const runs = fc.integer({ min: 1, max: 4 }).chain((people) =>
  fc.record({
    rules: fc.array(settings, { minLength: 3, maxLength: 3 }),
    commands: commands({
      people,
      hasWeak: false,
      kinds: ['items', 'merge', 'undo', 'separate', 'rules', 'restart'],
      maxLength: 24,
      ruleCount: 3,
    }),
  }),
);

export const survivorship = fc.asyncProperty(runs, async ({ rules, commands: list }) => {
  const hosts = await Promise.all([1, 3].map((shards) => Host.open({ shards, identity: rules[0] })));
  const stage = new Stage(new NaiveWorld(rules[0]), hosts, { rules, isTriedFirst: true });
  for (const command of list) {
    await stage.play(command);
    if (command.kind === 'items') continue;
    const expected = stage.naive.profiles();
    for (const host of stage.hosts) expect(await host.portraits()).toEqual(expected);
  }
  for (const host of stage.hosts) {
    expect(await host.portraits()).toEqual(stage.naive.profiles());
    await expectWhole(host);
  }
});
