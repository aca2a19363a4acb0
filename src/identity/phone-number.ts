/**
 * Phone numbers as identifiers: E.164 by libphonenumber, `;ext=` added where an extension was given (a company's main line is
 * not its people's).
 *
 * - A number in national form needs a country. Without one it is no identifier: the same ten digits are one person's number in
 *   India and another's in the United States, and a wrong merge is worse than a missing one. Nor is a leading `+` guessed:
 *   `15012345678` is a mobile in China as written there, and a number in Arkansas with the `+`.
 * - The length must fit the country's plan (`isPossible`); the range need not be assigned (`isValid`), since plans change faster than
 *   programs are renewed.
 * - What people type to get past a form is refused: one digit repeated, digits counted up or down.
 */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';

export type PhoneFault = 'not_a_phone' | 'phone_without_country';
export type PhoneReading = { readonly value: string } | { readonly fault: PhoneFault };

const TEXT_LENGTH_MAX = 64;
const NATIONAL_DIGITS_MIN = 6;
const COUNTED = ['0123456789', '1234567890', '9876543210', '0987654321'];
const NOT_A_PHONE: PhoneReading = { fault: 'not_a_phone' };
const WITHOUT_COUNTRY: PhoneReading = { fault: 'phone_without_country' };

export function isPhoneCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/** Reads for one default country. A number costs 4 to 8 µs to read: whoever calls remembers. */
export class PhoneReader {
  readonly #country: CountryCode | undefined;

  /** A country that libphonenumber does not know counts as none; the check of the settings refuses it. */
  constructor(defaultCountry: string | undefined) {
    this.#country = defaultCountry !== undefined && isPhoneCountry(defaultCountry) ? defaultCountry : undefined;
  }

  read(raw: string): PhoneReading {
    if (raw.length > TEXT_LENGTH_MAX) return NOT_A_PHONE;
    const text = raw.normalize('NFKC').trim().replace(/^tel:/i, '');
    const value =
      e164(text, this.#country) ?? (text.startsWith('00') ? e164(`+${text.slice(2)}`, undefined) : undefined);
    // A few national plans rewrite a number twice (prefixes of old mobiles); such a text has no normal form.
    if (value !== undefined) return e164(value, undefined) === value ? { value } : NOT_A_PHONE;
    const isNational =
      this.#country === undefined && /^[\p{Nd}(][\p{Nd}\s()./-]*$/u.test(text) && !text.startsWith('00');
    return isNational && digitCount(text) >= NATIONAL_DIGITS_MIN ? WITHOUT_COUNTRY : NOT_A_PHONE;
  }
}

function digitCount(text: string): number {
  return text.replace(/\P{Nd}/gu, '').length;
}

function e164(text: string, country: CountryCode | undefined): string | undefined {
  // Mexico took the 1 before mobiles away in 2019; old lists and WhatsApp still have it.
  const current = text.replace(/^\+52[\s-]?1[\s-]?(?=(?:[\s-]?\d){10}$)/, '+52');
  const number = parsePhoneNumberFromString(current, { defaultCountry: country, extract: false });
  if (number === undefined || !number.isPossible() || isFiller(number.nationalNumber)) return undefined;
  return number.ext === undefined || number.ext === '' ? number.number : `${number.number};ext=${number.ext}`;
}

function isFiller(digits: string): boolean {
  return /^(\d)\1*$/.test(digits) || COUNTED.some((counted) => counted.startsWith(digits));
}
