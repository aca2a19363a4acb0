/** Bodies of the Profile API as texts: values that are JSON already go in as they are. */

/** The list that a page is of. */
export interface ListAddress {
  /** As it was asked, percent-encoded. */
  readonly path: string;
  /** The query string with this `next`. */
  queryWith(next: string): string;
  readonly limit: number;
}

export interface Member {
  readonly name: string;
  readonly json: string;
}

/** `next` is empty when there is nothing more. */
export function traitsBody(traits: readonly Member[], list: ListAddress, next: string): string {
  const members = traits.map(({ name, json }) => `${JSON.stringify(name)}:${json}`).join(',');
  return `{"traits":{${members}},"cursor":${cursorJson(list, next)}}`;
}

export function dataBody(data: readonly string[], list: ListAddress, next: string): string {
  return `{"data":[${data.join(',')}],"cursor":${cursorJson(list, next)}}`;
}

/** `url` leads to the next page, or to this list when there is none. */
function cursorJson({ path, queryWith, limit }: ListAddress, next: string): string {
  const query = queryWith(next);
  return JSON.stringify({ url: query === '' ? path : `${path}?${query}`, has_more: next !== '', next, limit });
}
