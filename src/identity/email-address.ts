/**
 * E-mail addresses as identifiers. One mailbox, one text: lower case, composed Unicode, the domain in its ASCII form, no
 * `mailto:`, no invisible characters that come along when a text is copied.
 *
 * The check is of the shape only and lenient where real mailboxes are: consecutive dots exist (docomo.ne.jp), letters of any
 * script too. Quoted local parts and domains without a dot are refused: hardly any customer has one, many typing errors do.
 */

const SIZE_MAX = 254;
const LOCAL_SIZE_MAX = 64;
const NOT_ASCII = /[^\0-\x7f]/;
const INVISIBLE = /[\u00ad\u200b-\u200d\u2060\ufeff]/g;
const LOCAL = /^[^\s"(),:;<>@[\\\]\p{Cc}\p{Cf}\p{Cs}]+$/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const UNICODE_DOMAIN = /^[\p{L}\p{M}\p{N}.\-\u3002]+$/u;

const DOTLESS_DOMAINS: ReadonlyMap<string, string> = new Map([
  ['gmail.com', 'gmail.com'],
  ['googlemail.com', 'gmail.com'],
]);
/** Providers whose `+tag` is known to end up in the mailbox without it. */
const TAGGED_DOMAINS: ReadonlySet<string> = new Set([
  'gmail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'msn.com',
  'icloud.com',
  'me.com',
  'mac.com',
  'proton.me',
  'protonmail.com',
  'pm.me',
  'fastmail.com',
]);

/** The normal form, or undefined for what is no address. Applied to its own result it changes nothing. */
export function normalEmail(raw: string, hasProviderRules: boolean): string | undefined {
  if (raw.length > SIZE_MAX * 2) return undefined;
  const text = foldText(raw)
    .replace(/^mailto:/, '')
    .trim();
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === undefined || !LOCAL.test(local) || local.length > LOCAL_SIZE_MAX) return undefined;
  const address = hasProviderRules ? mailboxOf(local, domain) : `${local}@${domain}`;
  return address.length > SIZE_MAX ? undefined : address;
}

/** Without invisible characters and white space at the ends, in lower case and composed form. */
export function foldText(text: string): string {
  if (!NOT_ASCII.test(text)) return text.toLowerCase().trim();
  return text.replace(INVISIBLE, '').normalize('NFC').toLowerCase().normalize('NFC').trim();
}

function asciiDomain(domain: string): string | undefined {
  const isAscii = !NOT_ASCII.test(domain);
  if (!isAscii && !UNICODE_DOMAIN.test(domain)) return undefined;
  const ascii = isAscii ? domain : punycodeOf(domain);
  const labels = ascii?.split('.') ?? [];
  const isDomain = labels.length >= 2 && labels.every((label) => LABEL.test(label));
  return isDomain && /^[a-z](?:[a-z0-9-]*[a-z0-9])$/.test(labels[labels.length - 1]) ? ascii : undefined;
}

/** By the URL standard's domainToASCII; only letters, marks, digits, dots and hyphens get here, so nothing else of a URL does. */
function punycodeOf(domain: string): string | undefined {
  return URL.canParse(`http://${domain}/`) ? new URL(`http://${domain}/`).hostname : undefined;
}

function mailboxOf(local: string, domain: string): string {
  const dotless = DOTLESS_DOMAINS.get(domain);
  const host = dotless ?? domain;
  const plus = TAGGED_DOMAINS.has(host) ? local.indexOf('+') : -1;
  const untagged = plus > 0 ? local.slice(0, plus) : local;
  const mailbox = dotless === undefined ? untagged : untagged.replaceAll('.', '');
  return mailbox === '' ? `${local}@${host}` : `${mailbox}@${host}`;
}
