/**
 * The epoch of the cluster's map in answers to ingest and lookups: a client that goes by an older map fetches the new one. Answers of an engine in
 * one process have none.
 */

export const EPOCH_HEADER = 'x-kith-epoch';
const NO_HEADERS: readonly (readonly [string, string])[] = [];

/** To be spread into an answer; nothing where there is no cluster. */
export function epochPart(epoch: number | undefined): { readonly epoch?: number } {
  return epoch === undefined ? {} : { epoch };
}

/** A further field of a JSON answer. */
export function epochText(epoch: number | undefined): string {
  return epoch === undefined ? '' : `,"epoch":${epoch}`;
}

/** For answers whose body is not ours to add to. */
export function epochHeaders(epoch: number | undefined): readonly (readonly [string, string])[] {
  return epoch === undefined ? NO_HEADERS : [[EPOCH_HEADER, String(epoch)]];
}
