/**
 * Raw identifiers → the one text by which they are kept and compared, or the reason why they are none.
 *
 * Keeps: a function of the settings and the text alone; normalising a normal value gives the same value; `isNormal` says yes only
 * for bytes that `normalise` would give back unchanged. Nothing here bounds the length of a value: the scanner does.
 */
import { assert } from '../base/assert.ts';
import { type IdentifierRule, type IdentitySettings, type Normalisation, OTHER_TYPES } from '../model/identity.ts';
import { BlockedValues } from './blocked-values.ts';
import { BoundedCache } from './bounded-cache.ts';
import { foldText, normalEmail } from './email-address.ts';
import { type PhoneFault, PhoneReader } from './phone-number.ts';

export const REFUSALS = [
  'empty',
  'blocked',
  'type_off',
  'not_an_email',
  'not_a_phone',
  'phone_without_country',
] as const;
/** Why a value is no identifier. As a trait it is kept all the same. */
export type Refusal = (typeof REFUSALS)[number];

export type NormalValue = { readonly value: string } | { readonly refusal: Refusal };

/** For all types together; the caches hold twice as many. */
const CACHE_ENTRIES = 16_384;
const EMPTY: NormalValue = { refusal: 'empty' };
const BLOCKED: NormalValue = { refusal: 'blocked' };
const TYPE_OFF: NormalValue = { refusal: 'type_off' };

const SPACE = 0x20;
const IS_UPPER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? 1 : 0));

/** A text's normal form before it is known whether it is blocked. */
type Reading = { readonly value: string } | { readonly fault: 'not_an_email' | PhoneFault };
type Reader = (raw: string) => Reading;
type Readers = Readonly<Record<Normalisation, Reader>>;

export class Normaliser {
  readonly #byType: ReadonlyMap<string, TypeNormaliser>;
  readonly #other: TypeNormaliser;

  constructor(settings: IdentitySettings) {
    const readers = makeReaders(settings);
    const blocked = blockedByType(settings, readers);
    const cacheEntries = Math.ceil(CACHE_ENTRIES / Math.max(1, settings.types.filter(isCostly).length));
    this.#byType = new Map(
      settings.types.map((rule) => [
        rule.type,
        new TypeNormaliser(rule, blocked.get(rule.type)!, readers[rule.normalise], cacheEntries),
      ]),
    );
    const other = this.#byType.get(OTHER_TYPES);
    assert(other !== undefined, 'checked settings have a rule for *');
    this.#other = other;
  }

  /** To be looked up once and kept: types are few. A type without a rule of its own shares that of `*`. */
  forType(type: string): TypeNormaliser {
    return this.#byType.get(type) ?? this.#other;
  }

  normalise(type: string, raw: string): NormalValue {
    return this.forType(type).normalise(raw);
  }

  /** As of `TypeNormaliser.isNormal`. */
  isNormal(type: string, bytes: Uint8Array, offset: number, length: number): boolean {
    return this.forType(type).isNormal(bytes, offset, length);
  }
}

export class TypeNormaliser {
  readonly #read: Reader;
  readonly #blocked: BlockedValues;
  readonly #isOff: boolean;
  /** Bytes are judged where they lie only in types that keep or fold ASCII. */
  readonly #canJudgeBytes: boolean;
  readonly #isFolded: boolean;
  readonly #cache: BoundedCache<NormalValue> | undefined;
  readonly #judge = (raw: string): NormalValue => {
    if (this.#isOff) return TYPE_OFF;
    if (foldText(raw) === '') return EMPTY;
    const reading = this.#read(raw);
    if (this.#blocked.has(raw, 'value' in reading ? reading.value : raw)) return BLOCKED;
    return 'value' in reading ? reading : { refusal: reading.fault };
  };

  constructor(rule: IdentifierRule, blocked: BlockedValues, read: Reader, cacheEntries: number) {
    this.#read = read;
    this.#cache = isCostly(rule) ? new BoundedCache(cacheEntries) : undefined;
    this.#blocked = blocked;
    this.#isOff = rule.limit.value === 0;
    this.#canJudgeBytes = !this.#isOff && !isCostly(rule);
    this.#isFolded = rule.normalise === 'lower';
  }

  normalise(raw: string): NormalValue {
    return this.#cache === undefined ? this.#judge(raw) : this.#cache.get(raw, this.#judge);
  }

  /**
   * True when the bytes (UTF-8) are ASCII, in normal form and not blocked, so that they may be used where they lie and no string is
   * made. False says only "ask `normalise`". Allocates nothing.
   */
  isNormal(bytes: Uint8Array, offset: number, length: number): boolean {
    const end = offset + length;
    // Four at a time and without a way out of the loop: half the time.
    let seen = 0;
    let at = offset;
    for (; at + 4 <= end; at += 4) seen |= bytes[at] | bytes[at + 1] | bytes[at + 2] | bytes[at + 3];
    for (; at < end; at++) seen |= bytes[at];
    return seen < 0x80 && this.isNormalAscii(bytes, offset, length);
  }

  /** The same for bytes that are known to be ASCII (the hash of an id tells that by the way, `wasAscii`). */
  isNormalAscii(bytes: Uint8Array, offset: number, length: number): boolean {
    if (!this.#canJudgeBytes || length === 0) return false;
    const end = offset + length;
    if (bytes[offset] <= SPACE || bytes[end - 1] <= SPACE) return false;
    if (this.#isFolded) {
      let seen = 0;
      for (let at = offset; at < end; at++) seen |= IS_UPPER[bytes[at]];
      if (seen !== 0) return false;
    }
    return !this.#blocked.mayHaveBytes(bytes, offset, length);
  }
}

/** An engine makes several normalisers of the same settings when it opens, and compiling is most of what one costs. */
let lastBlocked: { readonly settings: string; readonly byType: ReadonlyMap<string, BlockedValues> } = {
  settings: '',
  byType: new Map(),
};

function blockedByType(settings: IdentitySettings, readers: Readers): ReadonlyMap<string, BlockedValues> {
  const text = JSON.stringify(settings);
  if (lastBlocked.settings === text) return lastBlocked.byType;
  const byType = new Map(
    settings.types.map((rule) => {
      const read = readers[rule.normalise];
      const blocked = new BlockedValues([...settings.blocked, ...rule.blocked], (value) => {
        const reading = read(value);
        return 'value' in reading ? reading.value : undefined;
      });
      return [rule.type, blocked] as const;
    }),
  );
  lastBlocked = { settings: text, byType };
  return byType;
}

function isCostly({ normalise }: IdentifierRule): boolean {
  return normalise === 'email' || normalise === 'phone';
}

function makeReaders(settings: IdentitySettings): Readers {
  const phones = new PhoneReader(settings.defaultCountry);
  return {
    none: (value) => ({ value }),
    trim: (raw) => ({ value: raw.trim() }),
    lower: (raw) => ({ value: foldText(raw) }),
    email: (raw) => {
      const value = normalEmail(raw, settings.mailProviderRules);
      return value === undefined ? { fault: 'not_an_email' } : { value };
    },
    phone: (raw) => phones.read(raw),
  };
}
