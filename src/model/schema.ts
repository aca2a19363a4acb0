/** The catalogue of everything that was ever sent: event names, properties, traits. Derived from the data, never declared. */
export type ValueType = 'number' | 'string' | 'date' | 'boolean' | 'array' | 'object' | 'null';

export interface FieldSchema {
  /** A path, as conditions name it. */
  readonly name: string;
  readonly types: readonly { readonly type: ValueType; readonly count: number }[];
  /** Profiles (of a trait) or events (of a property) that have it. */
  readonly count: number;
  /** Distinct values by type and value; an array counts as it was sent. */
  readonly distinct: number;
  /** False = `distinct` is an estimate. */
  readonly isDistinctExact: boolean;
  /** A path inside arrays of which only some were looked into: its counts are estimates. */
  readonly isSampled?: true | undefined;
  /** Times of the events that have it, ISO texts; of a trait those of the calls that set it; null = not known: of paths inside arrays of traits, or inside more than a few thousand different arrays. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** Kinds of calls and libraries that it came by, such as `identify` or `analytics-node`. */
  readonly sources: readonly string[];
  /** The most frequent few, cut at 64 characters. */
  readonly examples: readonly (string | number | boolean)[];
}
export interface EventSchema {
  readonly name: string;
  readonly count: number;
  readonly profiles: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly sources: readonly string[];
  readonly properties: readonly FieldSchema[];
}
export interface Schema {
  readonly profiles: number;
  readonly events: readonly EventSchema[];
  readonly traits: readonly FieldSchema[];
}

/** Which part of the schema is wanted: one event with its properties, one trait with what is below it; absent = all. */
export interface SchemaNarrowing {
  readonly event?: string | undefined;
  readonly trait?: string | undefined;
}

/** What may be typed next in a query text. */
export interface CompletionRequest {
  readonly text: string;
  /** Where the cursor stands: UTF-16 units from the start; absent = the end. */
  readonly position?: number | undefined;
  readonly limit?: number | undefined;
}
export interface Completion {
  /** Text to put in place of `start` to `end`. */
  readonly insert: string;
  readonly label: string;
  readonly kind: 'trait' | 'event' | 'property' | 'value' | 'keyword' | 'segment';
  /** Profiles or events that have it. Absent: not known, or nothing to count. */
  readonly count?: number | undefined;
  /** The count comes from a part of the data. */
  readonly isEstimate?: true | undefined;
}
export interface CompletionAnswer {
  readonly start: number;
  readonly end: number;
  readonly completions: readonly Completion[];
}
