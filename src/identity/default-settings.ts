/**
 * The rules that hold where a customer set none, and why. The types, the limits of 1 and 5 and the first blocked values are
 * those of the field (Segment's identity rules); what differs is said beside it.
 */
import {
  type BlockedValue,
  type ContextSource,
  type IdentifierLimit,
  type IdentifierRule,
  type IdentitySettings,
  OTHER_TYPES,
} from '../model/identity.ts';

const ONE: IdentifierLimit = { value: 1, window: 'ever' };
const FIVE: IdentifierLimit = { value: 5, window: 'ever' };
/** Phones are replaced, apps installed anew, push tokens renewed. Five for ever would cut a loyal customer off in a few years. */
const DEVICE: IdentifierLimit = { value: 20, window: 'annually' };
/**
 * Browsers drop cookies within days, which makes some fifty of them a year and browser. The guard against a shared browser is not
 * this limit but that of user_id.
 */
const BROWSER: IdentifierLimit = { value: 100, window: 'annually' };
/** No identifier of a person: it would make one person of all members of a group. */
const OFF: IdentifierLimit = { value: 0, window: 'ever' };

/**
 * Who gives way when an event would break a limit. First what names a person, then devices, then types of one's own, then what
 * a shared browser gives to everybody who sits down at it. (The field goes by the alphabet after email, which lets a crm_id
 * give way to a cookie.)
 */
const PRIORITY = {
  user: 1,
  email: 2,
  phone: 3,
  person: 4,
  device: 10,
  other: 100,
  browser: 200,
  visitor: 900,
  weak: 950,
};

function on(deviceType: string, path: string): ContextSource[] {
  return [{ path, when: [{ path: 'context.device.type', equals: deviceType }] }];
}

/** The platforms say so beside the id when the person refused to be tracked by it. */
function advertisingId(deviceType: string): ContextSource[] {
  const tracking = { path: 'context.device.adTrackingEnabled', equals: true };
  return on(deviceType, 'context.device.advertisingId').map(({ path, when }) => ({ path, when: [...when, tracking] }));
}

function rule(
  type: string,
  priority: number,
  limit: IdentifierLimit,
  given: Partial<IdentifierRule> = {},
): IdentifierRule {
  return { type, limit, priority, canMerge: true, blocked: [], normalise: 'none', traits: [], context: [], ...given };
}

/** Mailboxes that forms are filled with to get past them. */
const PLACEHOLDER_MAILBOXES: readonly BlockedValue[] = [
  ...['anonymous', 'guest', 'na', 'no', 'none', 'null', 'noemail', 'no-email', 'test', 'unknown'].map(
    (word) => `${word}@${word}.com`,
  ),
  'no@email.com',
  'none@email.com',
];

export const DEFAULT_TYPES: readonly IdentifierRule[] = [
  rule('user_id', PRIORITY.user, ONE),
  rule('email', PRIORITY.email, FIVE, { normalise: 'email', traits: ['email'], blocked: PLACEHOLDER_MAILBOXES }),
  rule('phone', PRIORITY.phone, FIVE, { normalise: 'phone', traits: ['phone'] }),
  rule('crm_id', PRIORITY.person, FIVE),
  rule('wechat.openid', PRIORITY.person, FIVE),
  rule('wechat.unionid', PRIORITY.person, FIVE),
  // The id that the emulator and a faulty release of Android 2.2 gave to all devices.
  rule('android.id', PRIORITY.device, DEVICE, {
    normalise: 'lower',
    context: on('android', 'context.device.id'),
    blocked: ['9774d56d682e549c'],
  }),
  rule('android.idfa', PRIORITY.device, DEVICE, { normalise: 'lower', context: advertisingId('android') }),
  rule('android.push_token', PRIORITY.device, DEVICE, { context: on('android', 'context.device.token') }),
  rule('ios.id', PRIORITY.device, DEVICE, { normalise: 'lower', context: on('ios', 'context.device.id') }),
  rule('ios.idfa', PRIORITY.device, DEVICE, { normalise: 'lower', context: advertisingId('ios') }),
  rule('ios.push_token', PRIORITY.device, DEVICE, { context: on('ios', 'context.device.token') }),
  rule(OTHER_TYPES, PRIORITY.other, FIVE),
  rule('cookie', PRIORITY.browser, BROWSER),
  rule('cross_domain_id', PRIORITY.browser, BROWSER),
  rule('ga_client_id', PRIORITY.browser, BROWSER),
  rule('anonymous_id', PRIORITY.visitor, BROWSER),
  // Thousands of phones of one model share a fingerprint. Even a limit of 1 would make one visitor of two who are both
  // nameless, and nothing would show it; so it joins nobody.
  rule('fingerprint', PRIORITY.weak, BROWSER, { canMerge: false }),
  rule('group_id', PRIORITY.weak, OFF),
];

/**
 * What programs send in place of an id they do not have. Short on purpose: a value that is missing here joins strangers only
 * up to the limits, but a real id that is blocked leaves its owner without a profile. The pattern holds zeros and dashes
 * (the all-zero UUID that phones give for a refused advertising id), and marks without any letter or digit.
 */
export const DEFAULT_BLOCKED: readonly BlockedValue[] = [
  { pattern: '^[0\\s!-/:-@[-`{-~]+$' },
  '-1',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'null',
  '(null)',
  '<null>',
  'nil',
  'undefined',
  'none',
  'nan',
  'n/a',
  'anonymous',
  'guest',
  'unknown',
  'not_set',
  '(not set)',
  'true',
  'false',
  '[object object]',
];

export const DEFAULT_IDENTITY_SETTINGS: IdentitySettings = {
  types: DEFAULT_TYPES,
  blocked: DEFAULT_BLOCKED,
  mailProviderRules: false,
  defaultCountry: undefined,
  survivorship: [{ trait: '*', rule: 'newest', sources: [] }],
  standardise: [],
  linkage: { isAutomatic: false, merge: 0.99, review: 0.8 },
};
