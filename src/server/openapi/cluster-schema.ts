/** The processes of a cluster, as `GET /v1/cluster` tells them. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CLUSTER_MODES, SHARD_STATES } from '../../model/cluster.ts';
import { SLOT_COUNT } from '../../model/limits.ts';
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
