import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_IDENTITY_SETTINGS } from '../../../src/identity/default-settings.ts';
import { isContextEqual, RuleTable, traitSources } from '../../../src/identity/rule-table.ts';
import { readIdentitySettings } from '../../../src/identity/settings.ts';
import type { IdentitySettings } from '../../../src/model/identity.ts';

const ruleOf = (settings: IdentitySettings, type: string) => settings.types.find((rule) => rule.type === type)!;

describe('readIdentitySettings', () => {
  test('nothing given is the defaults, and reading a result again changes nothing', () => {
    expect(readIdentitySettings({})).toEqual(DEFAULT_IDENTITY_SETTINGS);
    const settings = readIdentitySettings({
      types: [
        { type: '*', limit: 3, normalise: 'trim' },
        { type: 'loyalty', limit: { window: 'weekly' }, traits: ['card.number'], blocked: ['x', { pattern: '^9+$' }] },
        {
          type: 'cookie',
          context: ['context.cookie', { path: 'context.c', when: [{ path: 'context.d', equals: 1 }] }],
        },
      ],
      blocked: [],
      mailProviderRules: true,
      defaultCountry: 'tr',
      survivorship: [{ trait: 'country', rule: 'source_priority', sources: ['crm', 'web'] }],
      standardise: [
        { trait: '*', rule: 'trim' },
        { trait: 'born', rule: 'date', order: 'dmy' },
      ],
      linkage: { review: 0.5 },
    });
    expect(readIdentitySettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
    expect(ruleOf(settings, 'loyalty')).toEqual({
      type: 'loyalty',
      limit: { value: 3, window: 'weekly' },
      priority: 100,
      canMerge: true,
      blocked: ['x', { pattern: '^9+$' }],
      normalise: 'trim',
      traits: ['card.number'],
      context: [],
    });
    expect(ruleOf(settings, 'user_id')).toEqual(ruleOf(DEFAULT_IDENTITY_SETTINGS, 'user_id'));
    expect(settings.defaultCountry).toBe('TR');
    expect(settings.survivorship.map((one) => one.trait)).toEqual(['*', 'country']);
    expect(settings.linkage).toEqual({ isAutomatic: false, merge: 0.99, review: 0.5 });
  });

  test.each<[unknown, string, RegExp, string?]>([
    [null, '', /must be an object, not null/],
    [[], '', /must be an object, not a list/],
    [{ tpyes: [] }, '/tpyes', /did you mean "types"/, 'types'],
    [{ nonsense: 1 }, '/nonsense', /it is one of types, blocked/],
    [JSON.parse('{"__proto__": {"types": []}}'), '/__proto__', /has no "__proto__"/],
    [{ types: {} }, '/types', /must be a list, not an object/],
    [{ types: [{}] }, '/types/0/type', /must be a text, not nothing/],
    [{ types: [{ type: 'a', limt: 1 }] }, '/types/0/limt', /did you mean "limit"/, 'limit'],
    [{ types: [{ type: 'a' }, { type: 'a' }] }, '/types/1/type', /two entries/],
    [{ types: [{ type: 'a b' }] }, '/types/0/type', /no white space/],
    [{ types: [{ type: 'a:b' }] }, '/types/0/type', /no colon/],
    [{ types: [{ type: 'a'.repeat(65) }] }, '/types/0/type', /65 characters; 64/],
    [{ types: [{ type: '\ud800' }] }, '/types/0/type', /half a character/],
    [{ types: Array.from({ length: 201 }, (_, i) => ({ type: `t${i}` })) }, '/types', /201 entries; 200/],
    [{ types: [{ type: 'a', limit: -1 }] }, '/types/0/limit', /from 0 to/],
    [{ types: [{ type: 'a', limit: 1.5 }] }, '/types/0/limit', /whole number/],
    [{ types: [{ type: 'a', limit: { value: 1e9 } }] }, '/types/0/limit/value', /from 0 to 100000/],
    [
      { types: [{ type: 'a', limit: { window: 'weakly' } }] },
      '/types/0/limit/window',
      /did you mean "weekly"/,
      'weekly',
    ],
    [{ types: [{ type: 'a', priority: '1' }] }, '/types/0/priority', /not "1"/],
    [{ types: [{ type: 'a', canMerge: 'no' }] }, '/types/0/canMerge', /true or false/],
    [{ types: [{ type: 'a', normalise: 'mail' }] }, '/types/0/normalise', /cannot be "mail"/, 'email'],
    [{ types: [{ type: 'a', traits: ['email'] }] }, '/types/0/traits', /carries email and a/],
    [{ types: [{ type: 'a', context: ['device.id'] }] }, '/types/0/context/0', /starts with context\./],
    [{ types: [{ type: '*', traits: ['x'] }] }, '/types/0', /no traits and no context/],
    [{ blocked: [''] }, '/blocked/0', /must not be empty/],
    [{ blocked: [1] }, '/blocked/0', /must be an object, not 1/],
    [{ blocked: [{ pattern: '(' }] }, '/blocked/0/pattern', /not valid/],
    [{ blocked: [{ pattern: '(?=a)b' }] }, '/blocked/0/pattern', /look-ahead/],
    [{ blocked: [{ pattern: '(a)\\1' }] }, '/blocked/0/pattern', /back-reference/],
    [{ blocked: [{ pattern: 'a*' }] }, '/blocked/0/pattern', /every value/],
    [{ blocked: [{ pattern: 'a'.repeat(10_240) }] }, '/blocked/0/pattern', /10240 characters; 512/],
    [{ blocked: [{ pattern: '((a{9}){9}){9}' }] }, '/blocked/0/pattern', /linear time|not valid/],
    [{ blocked: Array.from({ length: 51 }, () => ({ pattern: 'ab' })) }, '/blocked', /51 patterns; 50/],
    [{ blocked: Array.from({ length: 1_001 }, () => 'ab') }, '/blocked', /1001 entries/],
    [{ mailProviderRules: 1 }, '/mailProviderRules', /true or false/],
    [{ defaultCountry: 'UK' }, '/defaultCountry', /did you mean "GB"/],
    [{ defaultCountry: 'Turkey' }, '/defaultCountry', /two letters/],
    [{ survivorship: [{ trait: 'a', rule: 'newst' }] }, '/survivorship/0/rule', /did you mean "newest"/, 'newest'],
    [{ survivorship: [{ trait: 'a', rule: 'source_priority' }] }, '/survivorship/0/sources', /needs sources/],
    [{ survivorship: [{ trait: 'a', rule: 'min', sources: ['b'] }] }, '/survivorship/0/sources', /not for min/],
    [
      {
        survivorship: [
          { trait: 'a', rule: 'min' },
          { trait: 'a', rule: 'max' },
        ],
      },
      '/survivorship/1/trait',
      /two entries/,
    ],
    [{ standardise: [{ trait: 'a', rule: 'tim' }] }, '/standardise/0/rule', /did you mean "trim"/, 'trim'],
    [{ standardise: [{ trait: 'a', rule: 'trim', order: 'dmy' }] }, '/standardise/0/order', /order is for date/],
    [{ standardise: [{ trait: 'a', rule: 'date', order: 'ydm' }] }, '/standardise/0/order', /cannot be "ydm"/],
    [{ linkage: { merge: 0.5 } }, '/linkage/review', /must not be above/],
    [{ linkage: { merge: 2 } }, '/linkage/merge', /up to 1/],
    [{ linkage: { merge: Number.NaN } }, '/linkage/merge', /up to 1/],
  ])('%j is refused at %s', (json, path, message, suggestion) => {
    const details = suggestion === undefined ? { path } : { path, suggestion };
    expect(() => readIdentitySettings(json)).toThrow(
      expect.objectContaining({
        code: 'invalid_identity_settings',
        status: 400,
        message: expect.stringMatching(message),
        details: expect.objectContaining(details),
      }),
    );
  });

  test('the pattern that the field offers is taken: anchored, it blocks no other value', () => {
    expect(readIdentitySettings({ blocked: [{ pattern: '^[0\\-]*$' }] }).blocked).toEqual([{ pattern: '^[0\\-]*$' }]);
  });

  test('any JSON at all is read or refused with the one code', () => {
    const keys = fc.constantFrom(
      'types',
      'type',
      'limit',
      'value',
      'blocked',
      'pattern',
      'context',
      'linkage',
      'rule',
      '__proto__',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom('user_id', 'trim', '(', ' '),
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(DEFAULT_IDENTITY_SETTINGS)), tree, { maxKeys: 3 }),
        (json) => {
          try {
            const settings = readIdentitySettings(json);
            expect(readIdentitySettings(settings)).toEqual(settings);
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid_identity_settings', details: { path: expect.any(String) } });
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe('RuleTable', () => {
  test('people before devices, devices before types of one\u2019s own, browsers last', () => {
    const table = new RuleTable(readIdentitySettings({ types: [{ type: 'member', priority: 2 }] }));
    const types = [
      'fingerprint',
      'anonymous_id',
      'cookie',
      'zebra',
      'apple',
      'ios.id',
      'phone',
      'member',
      'email',
      'user_id',
    ];
    expect(types.toSorted((a, b) => table.compare(a, b))).toEqual([
      'user_id',
      'email',
      'member',
      'phone',
      'ios.id',
      'apple',
      'zebra',
      'cookie',
      'anonymous_id',
      'fingerprint',
    ]);
    expect(table.compare('apple', 'apple')).toBe(0);
  });

  test('a type without a rule has that of *, whatever its name', () => {
    const table = new RuleTable(DEFAULT_IDENTITY_SETTINGS);
    for (const type of ['loyalty', '__proto__', 'constructor']) expect(table.of(type)).toBe(table.of('*'));
    expect(table.of('user_id').limit).toEqual({ value: 1, window: 'ever' });
    expect(table.of('loyalty').limit).toEqual({ value: 5, window: 'ever' });
    expect(table.of('fingerprint').canMerge).toBe(false);
  });
});

describe('traitSources', () => {
  test('traits and context fields of types that are on', () => {
    const { traits, context } = traitSources(
      readIdentitySettings({
        types: [
          { type: 'loyalty', traits: ['card.number', '__proto__'] },
          { type: 'off', limit: 0, traits: ['gone'], context: ['context.gone'] },
        ],
      }),
    );
    expect([...traits]).toEqual([
      ['email', 'email'],
      ['phone', 'phone'],
      ['card.number', 'loyalty'],
      ['__proto__', 'loyalty'],
    ]);
    expect(context.get('context.device.id')).toEqual([
      { type: 'android.id', when: [{ path: 'context.device.type', equals: 'android' }] },
      { type: 'ios.id', when: [{ path: 'context.device.type', equals: 'ios' }] },
    ]);
    expect(context.get('context.device.advertisingId')?.[1]?.when).toHaveLength(2);
    expect(context.has('context.gone')).toBe(false);
  });

  test.each<[unknown, string | number | boolean, boolean]>([
    ['iOS', 'ios', true],
    ['ios2', 'ios', false],
    [true, true, true],
    ['true', true, false],
    [1, 1, true],
    [undefined, false, false],
    [null, 'null', false],
  ])('%j against %j is %s', (value, equals, expected) =>
    expect(isContextEqual(value, { path: 'context.x', equals })).toBe(expected),
  );
});
