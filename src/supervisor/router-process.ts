/** The process of a router. Comes with `cluster/cluster-engine.ts`. */
import { EngineError } from '../model/error.ts';
import type { RolePart } from './role-part.ts';

export function openRouterPart(): Promise<RolePart> {
  return Promise.reject(new EngineError('invalid_request', 'this build has no router processes yet'));
}
