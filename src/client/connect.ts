/**
 * The client for Node programs: `import { connect } from 'kith/client'`. Batches, retries, and finds the shard that owns a person by itself.
 *
 * ```ts
 * const kith = await connect({ url: 'http://127.0.0.1:8080', key: process.env.KITH_ADMIN_KEY });
 * await kith.track({ userId: 'u1', event: 'Order Completed', properties: { total: 12.5 } });
 * const profile = await kith.get('u1', { events: 10 });
 * const { count } = await kith.query({ where: 'did "Order Completed"', as: 'count' });
 * await kith.close();
 * ```
 */
import { KithClient } from './client.ts';
import { type ConnectOptions, resolveOptions } from './options.ts';
import { systemWorld } from './system-world.ts';

export type { Expression } from '../model/expression.ts';
export type { AckLevel } from '../model/ingest.ts';
export type { Identifier, LookupOptions, Profile, ProfileEvent } from '../model/profile.ts';
export type { QueryAnswer, QueryRequest } from '../model/query.ts';
export type {
  AliasCall,
  CallBase,
  Fields,
  GroupCall,
  IdentifyCall,
  Item,
  ItemOutcome,
  PageCall,
  Receipt,
  ScreenCall,
  TrackCall,
} from './call.ts';
export type { ClientStats, CloseOptions, KithClient } from './client.ts';
export type { DoorStats } from './door.ts';
export { type ClientErrorCode, KithError, type KithErrorCode } from './kith-error.ts';
export type { Address } from './lookups.ts';
export type { BatchOptions, ClientWarning, ConnectOptions, Routing } from './options.ts';

/** Resolves when the server has accepted the key. Errors: invalid_request, unauthorized, forbidden, unreachable. */
export async function connect(options: ConnectOptions = {}): Promise<KithClient> {
  return await KithClient.open(resolveOptions(options), systemWorld);
}
