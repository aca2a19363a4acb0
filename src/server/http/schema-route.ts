/** `GET /v1/schema`: everything that was ever sent. It shows examples, which are people's data, so it needs a read key. */
import type { HttpRequest } from '../transport/transport.ts';
import type { Exchange } from './exchange.ts';
import { parameterOf, signalOf } from './query-route.ts';

export async function schemaRoute(exchange: Exchange, request: HttpRequest): Promise<void> {
  const parameters = new URLSearchParams(request.getQuery() ?? '');
  const event = parameterOf(parameters, 'event');
  const trait = parameterOf(parameters, 'trait');
  const narrowing = { ...(event === undefined ? {} : { event }), ...(trait === undefined ? {} : { trait }) };
  exchange.json(await exchange.door.engine.schema(narrowing, signalOf(exchange)));
}
