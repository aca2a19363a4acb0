/** A trait or property value as callers write and read it. Dates travel as ISO 8601 text in JSON, as timestamps in msgpack. */
export type Value = string | number | boolean | null | Date | readonly Value[] | { readonly [key: string]: Value };
