/** Checks the body of an enrichment request. A record that is wrong sinks the request, and says which: it is one list of one maker. */
import { ENRICHMENT_PRIORITIES, type EnrichmentRecord, type EnrichmentRequest } from '../model/enrichment.ts';
import type { Identifier } from '../model/profile.ts';
import { isRecord } from './http/json-text.ts';
import { addressOf, objectOf, wrong } from './identity-request.ts';
import { type Address, typedIdentifier } from './lookup/address.ts';

const EXAMPLE = '{"source":"acxiom","records":[{"id":"email:a@b.c","traits":{"age":30}}]}';

/** Errors: invalid_request. */
export function parseEnrichmentRequest(json: unknown): EnrichmentRequest {
  const { source, priority = 'fill', records } = objectOf(json, ['source', 'priority', 'records'], EXAMPLE);
  if (typeof source !== 'string') throw wrong('"source" must be a text: whose list this is', 'source');
  const chosen = ENRICHMENT_PRIORITIES.find((one) => one === priority);
  if (chosen === undefined) {
    throw wrong(`"priority" must be one of ${ENRICHMENT_PRIORITIES.join(', ')}`, 'priority');
  }
  if (!Array.isArray(records)) throw wrong('"records" must be a list', 'records');
  return { source, priority: chosen, records: records.map(recordOf) };
}

function recordOf(json: unknown, index: number): EnrichmentRecord {
  const name = `records[${index}]`;
  const { id, identifier, traits, at } = objectOf(
    json,
    ['id', 'identifier', 'traits', 'at'],
    '{"id":"user-1","traits":{"age":30}}',
    name,
  );
  if ((id === undefined) === (identifier === undefined)) {
    throw wrong(`${name} needs either "id" or "identifier": who is meant`, name);
  }
  if (!isRecord(traits) || Object.keys(traits).length === 0) {
    throw wrong(`${name}.traits must be an object with at least one trait`, `${name}.traits`);
  }
  if (at !== undefined && typeof at !== 'string' && typeof at !== 'number') {
    throw wrong(`${name}.at must be an ISO 8601 date or milliseconds since 1970`, `${name}.at`);
  }
  const who = readingsOf(id === undefined ? addressOf(identifier, `${name}.identifier`) : addressOf(id, `${name}.id`));
  return { who, traits, ...(at === undefined ? {} : { at }) };
}

function readingsOf(address: Address): readonly Identifier[] {
  if (typeof address !== 'string') return [address];
  const user = { type: 'user_id', value: address };
  const typed = typedIdentifier(address);
  return typed === undefined ? [user] : [typed, user];
}
