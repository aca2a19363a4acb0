import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_BLOCKED, DEFAULT_TYPES } from '../../../src/identity/default-settings.ts';
import { Normaliser, type NormalValue } from '../../../src/identity/normaliser.ts';
import { readIdentitySettings } from '../../../src/identity/settings.ts';

const plain = new Normaliser(readIdentitySettings({}));
const turkish = new Normaliser(readIdentitySettings({ defaultCountry: 'TR', mailProviderRules: true }));
const american = new Normaliser(readIdentitySettings({ defaultCountry: 'US' }));
const TYPES = DEFAULT_TYPES.map((rule) => rule.type);
const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

const shown = (result: NormalValue): string => ('value' in result ? result.value : `! ${result.refusal}`);

function isNormal(normaliser: Normaliser, type: string, text: string): boolean {
  const bytes = Buffer.from(`xx${text}yy`);
  const isNormal = normaliser.isNormal(type, bytes, 2, bytes.length - 4);
  if (!/[^\0-\x7f]/.test(text)) {
    expect(normaliser.forType(type).isNormalAscii(bytes, 2, bytes.length - 4)).toBe(isNormal);
  }
  return isNormal;
}

describe('e-mail', () => {
  test.each([
    ['ann@shop.com', 'ann@shop.com'],
    ['  Ann.Lee@Shop.COM\n', 'ann.lee@shop.com'],
    ['mailto:Ann@shop.com', 'ann@shop.com'],
    ['MAILTO: ann@shop.com', 'ann@shop.com'],
    ['\ufeffann@sh\u200bop.com', 'ann@shop.com'],
    ['a.n.n+news@gmail.com', 'a.n.n+news@gmail.com'],
    ['o\u2019neil@shop.com', 'o\u2019neil@shop.com'],
    ["o'neil@shop.co.uk", "o'neil@shop.co.uk"],
    ['foo..bar.@docomo.ne.jp', 'foo..bar.@docomo.ne.jp'],
    ['Jose\u0301@x.es', 'jos\u00e9@x.es'],
    ['用户@例子.公司', '用户@xn--fsqu00a.xn--55qx5d'],
    ['ann@MÜNCHEN.de', 'ann@xn--mnchen-3ya.de'],
    ['ann@xn--mnchen-3ya.de', 'ann@xn--mnchen-3ya.de'],
    ['ann@ｓｈｏｐ.com', 'ann@shop.com'],
    ['ann', '! not_an_email'],
    ['ann@', '! not_an_email'],
    ['@shop.com', '! not_an_email'],
    ['ann@localhost', '! not_an_email'],
    ['ann@shop..com', '! not_an_email'],
    ['ann@shop.com.', '! not_an_email'],
    ['ann@-shop.com', '! not_an_email'],
    ['ann@sh_op.com', '! not_an_email'],
    ['ann@192.168.1.1', '! not_an_email'],
    ['ann@[192.168.1.1]', '! not_an_email'],
    ['ann@shop.c', '! not_an_email'],
    ['ann lee@shop.com', '! not_an_email'],
    ['"ann lee"@shop.com', '! not_an_email'],
    ['Ann <ann@shop.com>', '! not_an_email'],
    ['ann@shop.com,bob@shop.com', '! not_an_email'],
    ['a@b@shop.com', '! not_an_email'],
    ['mailto:mailto:ann@shop.com', '! not_an_email'],
    ['ann\u0000@shop.com', '! not_an_email'],
    ['ann@shop.com\u202e', '! not_an_email'],
    [`${'a'.repeat(64)}@shop.com`, `${'a'.repeat(64)}@shop.com`],
    [`${'a'.repeat(65)}@shop.com`, '! not_an_email'],
    [`a@${'b'.repeat(63)}.com`, `a@${'b'.repeat(63)}.com`],
    [`a@${'b'.repeat(64)}.com`, '! not_an_email'],
    [`a@${'b.'.repeat(200)}com`, '! not_an_email'],
    ['none@none.com', '! blocked'],
    ['Test@Test.com', '! blocked'],
    ['null', '! blocked'],
    [' ', '! empty'],
    ['\u200b', '! empty'],
  ])('%j is %j', (raw, expected) => expect(shown(plain.normalise('email', raw))).toBe(expected));

  test.each([
    ['A.n.n+news@GoogleMail.com', 'ann@gmail.com'],
    ['ann+a+b@outlook.com', 'ann@outlook.com'],
    ['a.nn+x@icloud.com', 'a.nn@icloud.com'],
    ['ann+x@shop.com', 'ann+x@shop.com'],
    ['+x@gmail.com', '+x@gmail.com'],
    ['...@gmail.com', '...@gmail.com'],
  ])('with provider rules %j is %j', (raw, expected) => expect(shown(turkish.normalise('email', raw))).toBe(expected));
});

describe('phone', () => {
  const rows: [string, Normaliser, string][] = [
    ['+90 532 123 45 67', plain, '+905321234567'],
    ['0090 532 123 45 67', plain, '+905321234567'],
    ['tel:+90-532-123-45-67', plain, '+905321234567'],
    ['+٩٠٥٣٢١٢٣٤٥٦٧', plain, '+905321234567'],
    ['＋９０ ５３２ １２３ ４５ ６７', plain, '+905321234567'],
    ['+44 (0)20 7946 0018', plain, '+442079460018'],
    ['+39 06 1234 5678', plain, '+390612345678'],
    ['+1 555 000 0000', plain, '+15550000000'],
    ['+1 213 373 4253 ext. 5', plain, '+12133734253;ext=5'],
    ['+12133734253;ext=5', plain, '+12133734253;ext=5'],
    ['+52 1 55 1234 5678', plain, '+525512345678'],
    ['+5215512345678', plain, '+525512345678'],
    ['+54 9 11 2345-6789', plain, '+5491123456789'],
    ['+54 11 15 2345 6789', plain, '+5491123456789'],
    ['+66 81 234 5678', plain, '+66812345678'],
    ['0532 123 45 67', plain, '! phone_without_country'],
    ['(0532) 123-4567', plain, '! phone_without_country'],
    ['905321234567', plain, '! phone_without_country'],
    ['12345', plain, '! not_a_phone'],
    ['+15550001', plain, '! not_a_phone'],
    ['+999 123 456 789', plain, '! not_a_phone'],
    ['call +1 213 373 4253', plain, '! not_a_phone'],
    ['ann@shop.com', plain, '! not_a_phone'],
    ['+', plain, '! blocked'],
    ['+9', plain, '! not_a_phone'],
    ['9'.repeat(65), plain, '! not_a_phone'],
    ['000000', plain, '! blocked'],
    ['n/a', plain, '! blocked'],
    ['0532 123 45 67', turkish, '+905321234567'],
    ['5321234567', turkish, '+905321234567'],
    ['905321234567', turkish, '+905321234567'],
    ['0090 532 123 4567', turkish, '+905321234567'],
    ['+1 213 373 4253', turkish, '+12133734253'],
    ['(213) 373-4253', american, '+12133734253'],
    ['011 90 532 1234567', american, '+905321234567'],
    ['00 90 532 1234567', american, '+905321234567'],
    ['1-800-FLOWERS', american, '! not_a_phone'],
    ['1111111111', american, '! not_a_phone'],
    ['123-456-7890', american, '! not_a_phone'],
    ['555 555 55 55', turkish, '! not_a_phone'],
  ];
  test.each(rows)('%j', (raw, normaliser, expected) =>
    expect(shown(normaliser.normalise('phone', raw))).toBe(expected),
  );
});

describe('blocked values', () => {
  const texts = DEFAULT_BLOCKED.filter((value) => typeof value === 'string');
  const marks = ['0', '00', '-', '--', '0-0', '00000000-0000-0000-0000-000000000000', '?', '...', '0.0', '0 0', '_'];

  test.each([...texts, ...marks])('%j is no identifier of any type', (text) => {
    for (const type of TYPES.filter((one) => one !== 'group_id')) {
      for (const form of [text, text.toUpperCase(), ` ${text}\t`]) {
        expect(plain.normalise(type, form), `${type} ${form}`).toEqual({ refusal: 'blocked' });
        expect(isNormal(plain, type, form)).toBe(false);
      }
    }
  });

  test.each(['', ' ', '\t\n', '\u00a0', '\u200b\ufeff'])('%j is empty', (text) => {
    expect(plain.normalise('user_id', text)).toEqual({ refusal: 'empty' });
    expect(isNormal(plain, 'user_id', text)).toBe(false);
  });

  test.each(['1', '10', '-10', '0a', 'nullable', 'test', 'nobody', UUID, 'x-0', '100-000', 'n', 'TRUE1', '用户'])(
    '%j is a real id',
    (text) => expect(plain.normalise('user_id', text)).toEqual({ value: text }),
  );

  test('a type adds its own to those of all types, by text, by normal form and by pattern', () => {
    const normaliser = new Normaliser(
      readIdentitySettings({
        blocked: ['Nobody'],
        types: [
          { type: 'user_id', blocked: ['shared', { pattern: '^demo-' }] },
          { type: 'phone', blocked: ['+1 (213) 373-4253'] },
          { type: 'email', blocked: [{ pattern: '@internal\\.shop\\.com$' }] },
        ],
      }),
    );
    expect(shown(normaliser.normalise('user_id', 'SHARED'))).toBe('! blocked');
    expect(shown(normaliser.normalise('user_id', 'demo-7'))).toBe('! blocked');
    expect(shown(normaliser.normalise('user_id', 'a-demo-7'))).toBe('a-demo-7');
    expect(isNormal(normaliser, 'user_id', 'demo-7')).toBe(false);
    expect(shown(normaliser.normalise('loyalty', 'demo-7'))).toBe('demo-7');
    expect(shown(normaliser.normalise('loyalty', 'nobody'))).toBe('! blocked');
    expect(isNormal(normaliser, 'loyalty', 'nobodY')).toBe(false);
    expect(isNormal(normaliser, 'loyalty', 'nobodies')).toBe(true);
    expect(shown(normaliser.normalise('loyalty', 'null'))).toBe('null');
    expect(shown(normaliser.normalise('phone', '001 213 373 4253'))).toBe('! blocked');
    expect(shown(normaliser.normalise('email', 'Ann@Internal.Shop.com'))).toBe('! blocked');
  });

  test('the emulator\u2019s android.id, and a type that is off', () => {
    expect(shown(plain.normalise('android.id', '9774D56D682E549C'))).toBe('! blocked');
    expect(shown(plain.normalise('group_id', 'acme'))).toBe('! type_off');
    expect(isNormal(plain, 'group_id', 'acme')).toBe(false);
  });

  test('patterns that would stall a backtracking engine are answered at once', () => {
    const blocked = ['^(a+)+$', '(a|a)*(a|a)*(a|a)*x$'].map((pattern) => ({ pattern }));
    const normaliser = new Normaliser(readIdentitySettings({ blocked }));
    expect(shown(normaliser.normalise('user_id', `${'a'.repeat(10_000)}b`))).toBe(`${'a'.repeat(10_000)}b`);
    expect(shown(normaliser.normalise('user_id', 'a'.repeat(10_000)))).toBe('! blocked');
  });
});

describe('case and names', () => {
  test('device ids are folded, WeChat ids and ids of one\u2019s own are not', () => {
    expect(shown(plain.normalise('ios.idfa', '6D92078A-8246-4BA4-AE5B-76104861E7DC'))).toBe(
      '6d92078a-8246-4ba4-ae5b-76104861e7dc',
    );
    expect(shown(plain.normalise('wechat.openid', 'oLVPpjqs9BhvzwPj5A-vTYAX3GLc'))).toBe(
      'oLVPpjqs9BhvzwPj5A-vTYAX3GLc',
    );
    expect(shown(plain.normalise('crm_id', ' 003D000001aH '))).toBe(' 003D000001aH ');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    '%s is a type and a value like any other',
    (name) => {
      expect(plain.normalise(name, name)).toEqual({ value: name });
      expect(plain.normalise('user_id', name)).toEqual({ value: name });
      expect(isNormal(plain, name, name)).toBe(true);
      expect(plain.normalise('email', name)).toEqual({ refusal: 'not_an_email' });
      expect(plain.normalise('phone', name)).toEqual({ refusal: 'not_a_phone' });
    },
  );
});

const character = fc.constantFrom(...'aAzZ0019+-@.: ()\u0130\u0131\u00dfé\u0301Σς\u200b\u00a0\ufeff１');
const raw = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: character, maxLength: 24 }),
  fc.emailAddress(),
  fc.emailAddress().map((address) => ` MailTo:${address.toUpperCase()}`),
  fc
    .tuple(
      fc.constantFrom('+', '00', '0', '', '+90', '+1', '+52', '+54', '+44', '+55', '+49'),
      fc.stringMatching(/^[0-9]{4,12}$/),
    )
    .map(([start, digits]) => `${start}${digits}`),
  fc.tuple(fc.constantFrom(...'üéßσ用ｓ'), fc.domain()).map(([letter, domain]) => `a@${letter}${domain}`),
  fc.mixedCase(fc.constantFrom('null', 'Undefined', '0000-0000', UUID, '(not set)')),
);

test('normalising twice is normalising once, and isNormal agrees with normalise', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TYPES), fc.constantFrom(plain, turkish, american), raw, (type, normaliser, text) => {
      const once = normaliser.normalise(type, text);
      expect(normaliser.normalise(type, text)).toEqual(once);
      if ('value' in once) expect(normaliser.normalise(type, once.value)).toEqual(once);
      if (isNormal(normaliser, type, text)) expect(once).toEqual({ value: text });
    }),
    { numRuns: 20_000 },
  );
});

test('isNormal says yes to usual ids, and to no others', () => {
  for (const id of [UUID, 'user-12345', 'u1', '100200', 'GA1.2.1234567890.1700000000']) {
    expect(isNormal(plain, 'user_id', id)).toBe(true);
    expect(isNormal(plain, 'anonymous_id', id)).toBe(true);
    expect(isNormal(plain, 'my_own', id)).toBe(true);
  }
  expect(isNormal(plain, 'ios.id', UUID)).toBe(true);
  expect(isNormal(plain, 'ios.id', UUID.toUpperCase())).toBe(false);
  expect(isNormal(plain, 'user_id', 'ümit')).toBe(false);
  expect(isNormal(plain, 'email', 'ann@shop.com')).toBe(false);
});
