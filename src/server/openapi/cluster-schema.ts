/** The processes of a cluster, as `GET /v1/cluster` tells them. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CLUSTER_MODES, SHARD_STATES } from '../../model/cluster.ts';
import { SLOT_COUNT } from '../../model/limits.ts';
import { QUARANTINED_KINDS } from '../../model/quarantine.ts';
import { failures, json, READ_SECURITY } from './operation.ts';

const slotRanges = z.array(z.tuple([z.int(), z.int()])).meta({ description: 'Pairs, both ends included.' });

const trouble = {
  isCrashLooping: z.boolean().optional().meta({ description: 'Its processes die one after another.' }),
  note: z.string().optional().meta({ description: 'Why it does not serve.' }),
};

const shardView = z
  .strictObject({
    index: z.int(),
    pid: z.int().meta({ description: '0 when no process runs.' }),
    address: z.string().meta({ description: 'URL of its own door; empty when it has none.' }),
    state: z.enum(SHARD_STATES),
    slotCount: z.int(),
    slotRanges,
    restarts: z.int().meta({ description: 'Since the cluster started.' }),
    profiles: z.int().optional(),
    events: z.int().optional(),
    memoryBytes: z.number().optional(),
    appliedSeq: z.int().optional(),
    durableSeq: z.int().optional(),
    eventsPerSecond: z.number().optional(),
    lookupsPerSecond: z.number().optional(),
    ...trouble,
  })
  .meta({ id: 'ShardView', description: 'Counts are of a shard that could be asked.' });

const routerView = z
  .strictObject({
    pid: z.int(),
    state: z.string(),
    restarts: z.int(),
    memoryBytes: z.number().optional(),
    queriesPerSecond: z.number().optional(),
    ...trouble,
  })
  .meta({ id: 'RouterView', description: 'A process that serves the doors.' });

const slotMove = z
  .strictObject({
    from: z.int(),
    to: z.int(),
    slotRanges,
    stage: z.string(),
    done: z.int(),
    total: z.int(),
  })
  .meta({ id: 'SlotMove', description: 'Slots on their way from one shard to another.' });

export const clusterView = z
  .strictObject({
    mode: z.enum(CLUSTER_MODES),
    slots: z.literal(SLOT_COUNT),
    epoch: z.int().meta({ description: 'Rises with every change of who has a slot.' }),
    shards: z.array(shardView),
    routers: z.array(routerView),
    move: slotMove.optional(),
    quarantined: z
      .int()
      .optional()
      .meta({ description: 'Items and calls that shards died of and are not sent any more.' }),
  })
  .meta({ id: 'ClusterView' });

export const notReady = z.strictObject({
  status: z.literal('not_ready'),
  shards: z
    .array(z.strictObject({ index: z.int(), state: z.enum(SHARD_STATES), note: z.string().optional() }))
    .optional()
    .meta({ description: 'Of a cluster: those that do not serve.' }),
});

export function clusterPath(): ZodOpenApiPathsObject[string] {
  return {
    get: {
      operationId: 'cluster',
      summary: 'Processes, and which slots each of them has',
      description: 'A server in one process tells it as well: every shard is in that process.',
      tags: ['operation'],
      security: READ_SECURITY,
      responses: { 200: json(clusterView, 'As this server knows it.'), ...failures(401, 403, 500, 503) },
    },
  };
}

const quarantineEntry = z
  .strictObject({
    hash: z.string().meta({ description: 'Of its bytes; by this it is let go again.' }),
    at: z.string().meta({ description: 'Of the death that settled it.' }),
    shard: z.int().meta({ description: 'That died then.' }),
    kind: z.enum(QUARANTINED_KINDS),
    what: z.string().meta({ description: "The item's type, or the call between processes." }),
    event: z.string().optional(),
    messageId: z.string().optional(),
    sizeBytes: z.int().optional(),
    until: z.string().optional().meta({ description: 'Of a call; an item stays until it is let go.' }),
  })
  .meta({ id: 'QuarantineEntry' });

export function quarantinePaths(): ZodOpenApiPathsObject {
  return {
    '/v1/cluster/rebalance': {
      post: {
        operationId: 'rebalance',
        summary: 'Another number of shards, while all goes on',
        description:
          'New shards are started, slots go over a few at a time, shards that have none left are stopped. Asked for again with another number, it changes its course.',
        tags: ['operation'],
        security: READ_SECURITY,
        requestBody: {
          content: {
            'application/json': {
              schema: z.strictObject({ shards: z.int().min(1).max(256) }).meta({ id: 'RebalanceRequest' }),
            },
          },
        },
        responses: {
          202: json(clusterView, 'It has begun; `GET /v1/cluster` tells how far it is.'),
          ...failures(400, 401, 403, 500, 503),
        },
      },
    },
    '/v1/cluster/quarantine': {
      get: {
        operationId: 'quarantine',
        summary: 'What is refused because a shard died of it twice',
        description:
          'The second time it was all that the shard was given by that router. No identifiers are shown; the bytes of items are in `quarantine.ndjson` of the data folder. Empty on a server in one process.',
        tags: ['operation'],
        security: READ_SECURITY,
        responses: {
          200: json(
            z.strictObject({ quarantined: z.array(quarantineEntry) }).meta({ id: 'QuarantineList' }),
            'The newest last.',
          ),
          ...failures(401, 403, 500, 503),
        },
      },
    },
    '/v1/cluster/quarantine/{hash}': {
      delete: {
        operationId: 'releaseFromQuarantine',
        summary: 'Let something go: it may be sent to shards again',
        tags: ['operation'],
        security: READ_SECURITY,
        requestParams: { path: z.object({ hash: z.string() }) },
        responses: {
          200: json(z.strictObject({ released: z.literal(true) }).meta({ id: 'Released' }), 'Done.'),
          ...failures(401, 403, 404, 500, 503),
        },
      },
    },
  };
}
