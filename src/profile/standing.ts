/** What the rules of survivorship make of a trait. Calls and traits are indexes of the history's rows and columns. */

/** What stays: the call whose value it is, or a value made of those of several calls. */
export type Survivor =
  | { readonly kind: 'call'; readonly call: number }
  | { readonly kind: 'made'; readonly value: number | unknown[]; readonly calls: readonly number[] };

/** What stays of a trait, and the newest call whose value might have. */
export interface Standing {
  readonly trait: number;
  readonly survivor: Survivor;
  readonly newest: number;
}
