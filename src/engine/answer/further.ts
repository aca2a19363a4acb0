/** What may still be asked of a part that was opened for another process, and what comes of it. It crosses between processes. */
import type { Load, ParcelHead } from './parcel.ts';
import type { Plain } from './part-kind.ts';

/** What may be asked of a handle: whatever its kind knows, or a load of an answer before. */
export type FurtherAsk = { readonly ask: Plain } | { readonly parcel: number; readonly load: number };
/** `parcel`: its number, where the head says that loads follow. */
export type FurtherAnswer = { readonly part: ParcelHead; readonly parcel: number } | { readonly load: Load };
