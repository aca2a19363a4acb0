/** What the readers of files give and the mapping takes. */
import type { EngineError } from '../../model/error.ts';

/** One row of a file, or why it is none. `number` is the line on which it begins, from 1. */
export type FileRow<Values> =
  | { readonly number: number; readonly values: Values; readonly error?: undefined }
  | { readonly number: number; readonly error: EngineError; readonly values?: undefined };

/** Why a row with U+FFFD in it is refused; undefined while no bytes were met that are no text. */
export type TextFault = () => EngineError | undefined;

/** What bytes become that are no text in the file's encoding. */
export const REPLACEMENT_CHARACTER = '\uFFFD';

/** Longest row: bounds what an unclosed quote or a binary file can make the process hold. */
export const ROW_SIZE_BYTES_MAX = 16 * 1024 * 1024;
