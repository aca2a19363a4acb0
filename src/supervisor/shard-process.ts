/** The process of a shard. Comes with `cluster/shard-host.ts`. */
import { EngineError } from '../model/error.ts';
import type { RolePart } from './role-part.ts';

export function openShardPart(): Promise<RolePart> {
  return Promise.reject(new EngineError('invalid_request', 'this build has no shard processes yet'));
}
