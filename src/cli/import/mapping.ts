/**
 * What the columns of a file mean: written as flags, as a small JSON file, or both (flags win). Plain data; the row mapper
 * compiles it. A source is a column with an optional type (`CustomerID:integer`) or arithmetic over columns.
 */
import { EngineError } from '../../model/error.ts';

export interface Mapping {
  /** The event's name for every row. */
  readonly event?: string | undefined;
  /** … or the column that holds it. */
  readonly eventColumn?: string | undefined;
  readonly userId?: string | undefined;
  /** Used for rows whose user id is blank. */
  readonly anonymousId?: string | undefined;
  /** Send the anonymous id beside the user id too, so that both become one profile. */
  readonly linkAnonymous?: boolean | undefined;
  readonly messageId?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly timestampFormat?: string | undefined;
  readonly timeZone?: string | undefined;
  /** Name (dots nest) → source. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly traits?: Readonly<Record<string, string>> | undefined;
  /** Rows where one of these is blank are passed over (and counted). */
  readonly skipIfEmpty?: readonly string[] | undefined;
  /** Every column not named elsewhere becomes a property (or a trait when there is no event), its type detected. */
  readonly auto?: boolean | undefined;
}

const TEXT_KEYS = [
  'event', 'eventColumn', 'userId', 'anonymousId', 'messageId', 'timestamp', 'timestampFormat', 'timeZone',
] as const; // biome-ignore format: one line a kind
const FLAG_KEYS = ['linkAnonymous', 'auto'] as const;
const RECORD_KEYS = ['properties', 'traits'] as const;

/** Checks the content of a mapping file. Errors: invalid_mapping. */
export function parseMapping(content: unknown, source: string): Mapping {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new EngineError('invalid_mapping', `${source}: expected a JSON object`);
  }
  const refuse = (key: string, expected: string): never => {
    throw new EngineError('invalid_mapping', `${source}: ${key} must be ${expected}`);
  };
  for (const [key, value] of Object.entries(content)) {
    if (TEXT_KEYS.includes(key as (typeof TEXT_KEYS)[number])) {
      if (typeof value !== 'string' || value === '') refuse(key, 'a text');
    } else if (FLAG_KEYS.includes(key as (typeof FLAG_KEYS)[number])) {
      if (typeof value !== 'boolean') refuse(key, 'true or false');
    } else if (RECORD_KEYS.includes(key as (typeof RECORD_KEYS)[number])) {
      const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (!isRecord || !Object.values(value as object).every((entry) => typeof entry === 'string' && entry !== '')) {
        refuse(key, 'an object of name → column');
      }
    } else if (key === 'skipIfEmpty') {
      if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) refuse(key, 'a list of columns');
    } else {
      const known = [...TEXT_KEYS, ...RECORD_KEYS, 'skipIfEmpty', ...FLAG_KEYS].join(', ');
      throw new EngineError('invalid_mapping', `${source}: no key ${JSON.stringify(key)}; there are ${known}`);
    }
  }
  return content as Mapping;
}

/** The second wins; properties, traits and skips add up. */
export function mergeMappings(base: Mapping, over: Mapping): Mapping {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) if (value !== undefined) merged[key] = value;
  return {
    ...merged,
    properties: { ...base.properties, ...over.properties },
    traits: { ...base.traits, ...over.traits },
    skipIfEmpty: [...new Set([...(base.skipIfEmpty ?? []), ...(over.skipIfEmpty ?? [])])],
  };
}

export function isEmptyMapping(mapping: Mapping): boolean {
  return Object.values(mapping).every(
    (value) => value === undefined || value === false || (typeof value === 'object' && Object.keys(value).length === 0),
  );
}

/** `name=source`, or a bare `Column` for the same name. Errors: invalid_mapping. */
export function parseAssignment(text: string): readonly [name: string, source: string] {
  const split = text.indexOf('=');
  if (split === -1) return [text.replace(/:(text|number|integer|boolean|date|json|raw)$/, ''), text];
  const name = text.slice(0, split).trim();
  const source = text.slice(split + 1).trim();
  if (name !== '' && source !== '') return [name, source];
  throw new EngineError('invalid_mapping', `${JSON.stringify(text)}: write name=Column, such as total=Amount:number`);
}
