/**
 * The rules by which identifiers bring people together, as plain JSON-shaped values: what `identity/settings.ts` gives after
 * checking, with every default filled in. Pure vocabulary; the defaults and the reasons for them are in
 * `identity/default-settings.ts`.
 */

/** How long a value counts towards its type's limit, from the moment the profile got it. Weeks are 7 days, months 30, years 365. */
export const LIMIT_WINDOWS = ['ever', 'weekly', 'monthly', 'annually'] as const;
export type LimitWindow = (typeof LIMIT_WINDOWS)[number];

/** How many values of one type a profile may have. 0 turns the type off: it is no identifier. */
export interface IdentifierLimit {
  readonly value: number;
  readonly window: LimitWindow;
}

/** `trim` cuts white space at the ends; `lower` also folds the case; `email` and `phone` also refuse what is neither. */
export const NORMALISATIONS = ['none', 'trim', 'lower', 'email', 'phone'] as const;
export type Normalisation = (typeof NORMALISATIONS)[number];

/**
 * A value that identifies nobody. A text is compared whole, without case and without white space at its ends; a pattern is
 * a regular expression for the linear-time engine, looked for anywhere in the normal value and with case.
 */
export type BlockedValue = string | { readonly pattern: string };

/** Where in a call's context an identifier stands. It counts only if all of `when` holds (texts are compared without case). */
export interface ContextSource {
  /** From the call's root: `context.device.id`. */
  readonly path: string;
  readonly when: readonly ContextCondition[];
}

export interface ContextCondition {
  readonly path: string;
  readonly equals: string | number | boolean;
}

/** The type that stands for every type without a rule of its own. */
export const OTHER_TYPES = '*';

export interface IdentifierRule {
  readonly type: string;
  readonly limit: IdentifierLimit;
  /** Lower is stronger: an event that would break a limit loses its weakest identifier first. Ties: by type, in code unit order. */
  readonly priority: number;
  /**
   * False for weak evidence (a browser's fingerprint): the value is kept with the profile that the event's other identifiers
   * found, if no other profile has it, but it finds no profile and joins none. Linkage may weigh it.
   */
  readonly canMerge: boolean;
  /** Besides those of all types. */
  readonly blocked: readonly BlockedValue[];
  readonly normalise: Normalisation;
  /** Trait paths that carry the identifier in identify calls. */
  readonly traits: readonly string[];
  readonly context: readonly ContextSource[];
}

/** Which value stays when two profiles with different values of a trait become one. */
export const SURVIVORSHIP_RULES = [
  'newest',
  'oldest',
  'most_frequent',
  'max',
  'min',
  'sum',
  'union',
  'source_priority',
] as const;
export type SurvivorshipRule = (typeof SURVIVORSHIP_RULES)[number];

/** `*` is every trait that is not named, else the path of one trait. */
export interface TraitSurvivorship {
  readonly trait: string;
  readonly rule: SurvivorshipRule;
  /** For `source_priority`, best first; sources that are not named come last, the newest of them first. Else empty. */
  readonly sources: readonly string[];
}

/** Cleansing of trait values before they are stored. A value that a rule cannot read stays as it is. */
export const STANDARD_RULES = [
  'trim',
  'lower',
  'upper',
  'title',
  'date',
  'phone',
  'country_code',
  'number',
  'boolean',
  'empty_to_null',
] as const;
export type StandardRule = (typeof STANDARD_RULES)[number];

/** Which part of `03/04/2024` is which. */
export const DATE_ORDERS = ['dmy', 'mdy'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

export interface TraitStandard {
  /** `*` is every trait, `address.*` every one below `address`, else one path. All that fit apply, in the order given. */
  readonly trait: string;
  readonly rule: StandardRule;
  /** For `date`; without it only dates that can be read one way are. */
  readonly order?: DateOrder | undefined;
}

/** Probabilistic links between profiles without a common identifier. */
export interface LinkThresholds {
  /** Whether pairs at or above `merge` are joined without a person's word. */
  readonly isAutomatic: boolean;
  readonly merge: number;
  /** From here to `merge` a pair is put up for review. */
  readonly review: number;
}

export interface IdentitySettings {
  /** One rule a type, and one for `*`. */
  readonly types: readonly IdentifierRule[];
  /** Values that identify nobody, whatever the type. */
  readonly blocked: readonly BlockedValue[];
  /** `a.b+shop@googlemail.com` is `ab@gmail.com`, and the like for a few large providers. */
  readonly mailProviderRules: boolean;
  /** ISO 3166 alpha-2, for phone numbers in national form; without it they are no identifiers. */
  readonly defaultCountry?: string | undefined;
  readonly survivorship: readonly TraitSurvivorship[];
  readonly standardise: readonly TraitStandard[];
  readonly linkage: LinkThresholds;
}
