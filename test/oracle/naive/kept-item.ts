/** An item as the naive model keeps it, whoever has it. */
import type { JsonObject } from './json-value.ts';

/** What came under an identifier: a call that sets traits, an event, or neither. */
export interface NaiveItem {
  readonly timeMs: number;
  /** Order of arrival over the whole model; of what a merge moved, the order after all that the other person had. */
  arrival: number;
  readonly messageId: string;
  readonly traits: JsonObject | undefined;
  readonly event: { readonly name: string; readonly properties: JsonObject } | undefined;
  readonly context: JsonObject | undefined;
}
