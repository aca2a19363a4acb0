/**
 * The path of the Profile API: `/v1/spaces/{space}/collections/{collection}/profiles/{type}:{value}/{part}`. There is one space, so any
 * name of one is taken.
 */
import { EngineError } from '../../model/error.ts';
import type { Identifier } from '../../model/profile.ts';

export const PROFILE_API_PREFIX = '/v1/spaces/';
/** What a profile is read in. */
export const PARTS = ['traits', 'external_ids', 'events', 'metadata', 'links'] as const;
export type Part = (typeof PARTS)[number];
export const COLLECTIONS = ['users', 'accounts'] as const;
export type Collection = (typeof COLLECTIONS)[number];

const SPACE_LENGTH_MAX = 256;
/** Ids that come in are shorter unless the limits were raised; longer ones cannot be anybody's. */
const VALUE_SIZE_MAX_BYTES = 2_048;
const TYPE_PATTERN = /^[a-z][a-z0-9_.]{0,63}$/;

export interface ProfilePath {
  readonly collection: Collection;
  readonly identifier: Identifier;
}

/** As the router takes it, and as OpenAPI writes it. */
export function pathOfPart(part: Part): string {
  return `${PROFILE_API_PREFIX}{space}/collections/{collection}/profiles/{profile}/${part}`;
}

/** `url` is a path that the router took for one of ours. Errors: malformed_request. */
export function parseProfilePath(url: string): ProfilePath {
  const [space, , collection, , profile] = url.slice(PROFILE_API_PREFIX.length).split('/');
  checkSpace(decoded('space', space ?? ''));
  return { collection: collectionOf(decoded('collection', collection ?? '')), identifier: identifierOf(profile ?? '') };
}

function checkSpace(space: string): void {
  if (space.trim() !== '' && space.length <= SPACE_LENGTH_MAX && !hasControl(space)) return;
  throw malformed(`the space must be a name of 1 to ${SPACE_LENGTH_MAX} characters`);
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true;
  return false;
}

function collectionOf(name: string): Collection {
  const known = COLLECTIONS.find((collection) => collection === name);
  if (known === undefined) throw malformed(`the collection must be one of ${COLLECTIONS.join(', ')}`);
  return known;
}

function identifierOf(encoded: string): Identifier {
  const text = decoded('identifier', encoded);
  const colon = text.indexOf(':');
  const type = text.slice(0, Math.max(0, colon));
  const value = text.slice(colon + 1);
  if (colon < 0 || value === '') {
    throw malformed('the profile must be named as type:value, such as user_id:u1 or email:a@b.c, percent-encoded');
  }
  if (!TYPE_PATTERN.test(type)) {
    throw malformed('the type of an identifier is 1 to 64 of a-z 0-9 _ . and begins with a letter');
  }
  if (Buffer.byteLength(value) > VALUE_SIZE_MAX_BYTES) {
    throw malformed(`the value of an identifier has at most ${VALUE_SIZE_MAX_BYTES} bytes`);
  }
  return { type, value };
}

function decoded(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed(`the ${what} in the path is not valid percent-encoded UTF-8`);
  }
}

function malformed(message: string): EngineError {
  return new EngineError('malformed_request', message);
}
