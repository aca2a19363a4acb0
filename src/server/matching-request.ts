/** Checks the bodies of requests about probable duplicates. What the traits and the threshold must be, the engine says. */
import type { MatchingRequest } from '../model/matching.ts';
import { objectOf, wrong } from './identity-request.ts';

const SEED_MAX = 2 ** 32 - 1;

/** Errors: invalid_request. */
export function parseMatchingRequest(json: unknown): MatchingRequest {
  const example = '{"fields":["name","birthday"],"suggestFrom":0.8}';
  const { fields, suggestFrom, seed } = objectOf(json, ['fields', 'suggestFrom', 'seed'], example);
  if (fields !== undefined && !isTexts(fields)) {
    throw wrong('"fields" must be a list of traits to compare by, such as ["name","address.city"]', 'fields');
  }
  if (suggestFrom !== undefined && typeof suggestFrom !== 'number') {
    throw wrong('"suggestFrom" must be a number: the probability from which on pairs are suggested', 'suggestFrom');
  }
  if (seed !== undefined && !(Number.isInteger(seed) && (seed as number) >= 0 && (seed as number) <= SEED_MAX)) {
    throw wrong(`"seed" must be a whole number from 0 to ${SEED_MAX}`, 'seed');
  }
  return {
    ...(fields === undefined ? {} : { fields }),
    ...(suggestFrom === undefined ? {} : { suggestFrom }),
    ...(seed === undefined ? {} : { seed: seed as number }),
  };
}

/** Errors: invalid_request. */
export function parseDecision(json: unknown): 'accept' | 'reject' {
  const { decision } = objectOf(json, ['decision'], '{"decision":"accept"}');
  if (decision === 'accept' || decision === 'reject') return decision;
  throw wrong('"decision" must be "accept" or "reject"', 'decision');
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
