/**
 * `any account (…)`, `all accounts (…)`, `no account (…)`, and the same of people: how conditions on a person's accounts and on an
 * account's people begin. Their words are names too, so all of them up to the parenthesis must be there.
 */
import type { Collection, Match } from '../../model/expression.ts';
import type { TokenStream } from './token-stream.ts';

export interface Members {
  readonly of: Collection;
  readonly match: Match;
}

const MATCH_OF: Readonly<Record<string, Match>> = { any: 'any', all: 'all', no: 'none' };
const COLLECTION_OF: Readonly<Record<string, Collection>> = {
  account: 'accounts',
  accounts: 'accounts',
  person: 'people',
  people: 'people',
};

/** Takes the words and the opening parenthesis; without a word of number it is any. */
export function acceptMembers(stream: TokenStream): Members | undefined {
  const { word } = stream.current;
  const match = Object.hasOwn(MATCH_OF, word) ? MATCH_OF[word] : undefined;
  const ahead = match === undefined ? 0 : 1;
  const noun = stream.peek(ahead).word;
  if (!Object.hasOwn(COLLECTION_OF, noun) || !stream.isSymbol('(', ahead + 1)) return undefined;
  for (let taken = 0; taken < ahead + 2; taken++) stream.take();
  return { of: COLLECTION_OF[noun], match: match ?? 'any' };
}
