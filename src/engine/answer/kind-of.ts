/** By which kind of parts a request is answered: what a shard's process needs to know of it. */
import { unreachable } from '../../base/assert.ts';
import { GroupIndex } from '../../query/execution/group-index.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';
import { aggregateKind } from './aggregate.ts';
import { COUNT } from './count.ts';
import { customerKind } from './customers.ts';
import { funnelKind } from './funnel.ts';
import { groupKind } from './group-part.ts';
import { overlapKind } from './overlap.ts';
import type { PartKind, Plain } from './part-kind.ts';
import { retentionKind } from './retention.ts';
import { selectionKind } from './selection.ts';

/** Gives `use` the request's kind. Errors: query_invalid. */
export function withKind<R>(
  request: CheckedRequest,
  yieldTurn: () => Promise<void>,
  use: <Part, Packed extends Plain>(kind: PartKind<Part, Packed>) => R,
): R {
  const { as = 'count' } = request;
  switch (as) {
    case 'count':
      return use(COUNT);
    case 'ids':
    case 'profiles':
      return use(selectionKind(request, yieldTurn));
    case 'aggregate': {
      const found = aggregateKind(request);
      return found.from === 'numbers' ? use(found.kind) : use(found.kind);
    }
    case 'breakdown':
      return use(groupKind(request.breakdown!, new GroupIndex()));
    case 'funnel':
      return use(funnelKind(request));
    case 'retention':
      return use(retentionKind(request));
    case 'rfm':
      return use(customerKind(request.rfm!));
    case 'overlap':
      return use(overlapKind(request));
    default:
      return unreachable(as);
  }
}
