/** `POST /v1/query/why`: why one profile fits a condition or does not. The profile is named as in a lookup. */
import type { Gateway } from '../../engine/gateway.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import type { WhyAnswer, WhyOptions } from '../../model/segment.ts';
import { below } from '../../query/parser/json-check.ts';
import { type Address, typedIdentifier } from '../lookup/address.ts';
import { showingMistakes } from '../text-mistake.ts';
import type { Exchange } from './exchange.ts';
import { isRecord } from './json-text.ts';
import { readJson } from './query-route.ts';

interface WhyRequest {
  readonly id: Address;
  readonly where: Expression | string;
  readonly options: WhyOptions;
}

export async function whyRoute(exchange: Exchange): Promise<void> {
  const { id, where, options } = parseWhyRequest(await readJson(exchange));
  const answer = await showingMistakes(where, () => whyAt(exchange.door.engine, id, where, options));
  if (answer === undefined) throw new EngineError('profile_not_found', 'no profile has this identifier');
  exchange.json(answer);
}

function parseWhyRequest(json: unknown): WhyRequest {
  if (!isRecord(json)) {
    throw new EngineError('query_invalid', 'the body must be a JSON object such as {"id":"user-1","where":"…"}');
  }
  for (const name of Object.keys(json)) {
    if (name === 'id' || name === 'where' || name === 'strict') continue;
    const field = name.slice(0, 64);
    throw new EngineError('query_invalid', `this question has no field "${field}"`, {
      details: { field, path: below('', field) },
    });
  }
  const { id, where, strict } = json;
  if (typeof where !== 'string' && !isRecord(where)) throw wrong('where', 'a condition as text or JSON');
  if (strict !== undefined && typeof strict !== 'boolean') throw wrong('strict', 'true or false');
  // What is inside the condition is the engine's to check.
  return { id: addressOf(id), where: where as Expression | string, options: { strict } };
}

function addressOf(id: unknown): Address {
  if (typeof id === 'string') return id;
  if (isRecord(id) && typeof id['type'] === 'string' && typeof id['value'] === 'string') {
    return { type: id['type'], value: id['value'] };
  }
  throw wrong('id', 'a text ("user-1", "email:a@b.c") or {"type","value"}');
}

function wrong(field: string, expected: string): EngineError {
  return new EngineError('query_invalid', `"${field}" must be ${expected}`, {
    details: { field, path: below('', field) },
  });
}

/** A text has two readings, as in a lookup. */
async function whyAt(
  engine: Gateway,
  address: Address,
  where: Expression | string,
  options: WhyOptions,
): Promise<WhyAnswer | undefined> {
  if (typeof address !== 'string') return await engine.why(address, where, options);
  const typed = typedIdentifier(address);
  const found = typed === undefined ? undefined : await engine.why(typed, where, options);
  return found ?? (await engine.why({ type: 'user_id', value: address }, where, options));
}
