/**
 * Profiles of many addresses from an engine that answers later: all are asked for at once. What `profiles` gives is valid until the end of the
 * turn in which it was given.
 */
import { isPromise } from '../../base/awaitable.ts';
import type { Gateway } from '../../engine/gateway.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import { type Address, lookupJsonAt, typedIdentifier } from './address.ts';
import { answerTooLarge, MAX_ANSWER_BYTES } from './byte-page.ts';

type Json = Uint8Array | undefined;

export interface LateProfiles {
  /** Place of the first of them among all addresses. */
  readonly index: number;
  readonly profiles: Promise<readonly Json[]>;
}

type ManyGateway = Gateway & Required<Pick<Gateway, 'lookupMany'>>;

export function hasLookupMany(engine: Gateway): engine is ManyGateway {
  return engine.lookupMany !== undefined;
}

/** Of all addresses. */
export function manyProfiles(
  engine: ManyGateway,
  addresses: readonly Address[],
  options: LookupOptions | undefined,
): LateProfiles {
  return { index: 0, profiles: askMany(engine, addresses, options) };
}

/** Of the addresses from `index` on; `first` is the answer for that one. */
export function restOfProfiles(
  engine: Gateway,
  addresses: readonly Address[],
  index: number,
  first: Promise<Json>,
  options: LookupOptions | undefined,
): LateProfiles {
  return { index, profiles: askEach(engine, addresses.slice(index + 1), first, options) };
}

/** Copies each where it comes, since the next may overwrite it; together no more than an answer may hold. */
function askEach(
  engine: Gateway,
  addresses: readonly Address[],
  first: Promise<Json>,
  options: LookupOptions | undefined,
): Promise<readonly Json[]> {
  let sizeBytes = 0;
  const copied = (json: Json): Json => {
    sizeBytes += json?.length ?? 0;
    if (sizeBytes > MAX_ANSWER_BYTES) throw answerTooLarge();
    return json && Buffer.from(json);
  };
  const ask = async (address: Address): Promise<Json> => {
    const json = lookupJsonAt(engine, address, options);
    return copied(isPromise(json) ? await json : json);
  };
  return Promise.all([first.then(copied), ...addresses.map(ask)]);
}

/** A second time for texts whose typed reading finds nobody. */
async function askMany(
  engine: ManyGateway,
  addresses: readonly Address[],
  options: LookupOptions | undefined,
): Promise<readonly Json[]> {
  const readings = addresses.map(firstReading);
  const found = await engine.lookupMany(readings, options);
  const missed: number[] = [];
  const again: Identifier[] = [];
  for (const [index, address] of addresses.entries()) {
    if (found[index] !== undefined || typeof address !== 'string' || readings[index].value === address) continue;
    missed.push(index);
    again.push({ type: 'user_id', value: address });
  }
  if (missed.length === 0) return found;
  const kept = found.map((json): Json => json && Buffer.from(json));
  const late = await engine.lookupMany(again, options);
  for (const [place, index] of missed.entries()) kept[index] = late[place];
  return kept;
}

function firstReading(address: Address): Identifier {
  if (typeof address !== 'string') return address;
  return typedIdentifier(address) ?? { type: 'user_id', value: address };
}
