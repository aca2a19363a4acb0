/** `kith serve --cluster` without its command: folder, port, control socket and rules put together, and taken apart in the other order. */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { QuarantineCourt } from '../cluster/quarantine-court.ts';
import type { EngineSettings } from '../engine/settings.ts';
import { socketNetwork } from '../link/socket-network.ts';
import { EngineError } from '../model/error.ts';
import { systemClock } from '../runtime/clock.ts';
import { errorFields, type Logger } from '../runtime/logger.ts';
import { systemRandom } from '../runtime/random.ts';
import { programUrl } from '../runtime/worker-urls.ts';
import { createApp, listenOn } from '../server/transport/transport.ts';
import { processSpawner } from './child-process.ts';
import { type ClusterFolder, openClusterFolder } from './cluster-folder.ts';
import {
  defaultRouterCount,
  defaultShardCount,
  linkPlan,
  routerDoor,
  type ServerKeySet,
  shardDoor,
  shardEngine,
} from './cluster-plan.ts';
import { CONTROL_MESSAGE_BYTES_MAX } from './control-protocol.ts';
import { ControlServer } from './control-server.ts';
import { assertDeathAllowed } from './death-for-tests.ts';
import { tlsOf } from './link-files.ts';
import { readQuarantine, writeQuarantine } from './quarantine-file.ts';
import { ShardCalls } from './shard-calls.ts';
import { Supervisor } from './supervisor.ts';

export interface ClusterStart {
  readonly settings: EngineSettings;
  readonly keys: ServerKeySet;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

export interface RunningCluster {
  /** Where the routers listen, when all shards serve. Rejects when the start failed or was stopped. */
  readonly url: Promise<string>;
  /** No process is left, and the folder is free. */
  readonly ended: Promise<void>;
  /** In order the first time; each further time more hurriedly. */
  stop(): void;
}

/** Errors: invalid_request, storage_failed: what can be told before a process was started. */
export async function startCluster({
  settings,
  keys,
  version,
  environment,
  logger,
}: ClusterStart): Promise<RunningCluster> {
  if (settings.data === ':memory:') {
    throw new EngineError('invalid_request', 'a cluster keeps its data in a folder: --data must not be :memory:');
  }
  assertDeathAllowed(environment);
  const coreCount = availableParallelism();
  const random = systemRandom();
  const folder = openClusterFolder(settings.data, {
    shards: settings.shards === 0 ? undefined : settings.shards,
    defaultShards: defaultShardCount(coreCount),
    random,
    onFault: (error) => logger.error('the cluster file cannot be written', { reason: error.message }),
  });
  try {
    return await startIn(folder, coreCount);
  } catch (error) {
    folder.release();
    throw error;
  }

  async function startIn(folder: ClusterFolder, cores: number): Promise<RunningCluster> {
    const { shardCount, hashSeed, slotOwners, targetShards } = folder.record;
    const links = linkPlan(settings, shardCount);
    const port = await freePort(settings.host, settings.port);
    const clock = systemClock;
    const court = new QuarantineCourt({
      clock,
      kept: readQuarantine(folder.path),
      onNews: (news) => supervisor.useQuarantine(news),
      onQuarantined: ({ hash, shard, kind, what, messageId }) =>
        logger.error('quarantined: a shard died twice of it', { hash, shard, kind, what, messageId }),
      keep: (records) => {
        try {
          writeQuarantine(folder.path, records);
        } catch (error) {
          // It holds in any case until the cluster ends.
          logger.error('the quarantine file cannot be written', errorFields(error));
        }
      },
    });
    const control = await ControlServer.listen({
      address: `unix:${folder.runPath}/control.sock`,
      network: socketNetwork({ maxMessageBytes: CONTROL_MESSAGE_BYTES_MAX }),
      clock,
      logger,
      version,
      court,
      view: () => supervisor.view(),
      rebalance: (shards) => supervisor.rebalance(shards),
    });
    const calls = new ShardCalls(socketNetwork({ tls: tlsOf(links.files) }), clock);
    const common = { logLevel: settings.logLevel, limits: settings.limits, linkFiles: links.files };
    const spawn = processSpawner({
      control,
      entryPath: fileURLToPath(programUrl()),
      environment,
      clock,
      configOf: (role, index) => ({
        ...common,
        map: supervisor.map,
        quarantine: court.snapshot(),
        door: role === 'router' ? routerDoor(settings, keys, port) : shardDoor(settings, keys),
        engine:
          role === 'shard'
            ? shardEngine(settings, folder.shardPath(index), folder.record.shardCount, cores)
            : undefined,
      }),
    });
    const supervisor = new Supervisor({
      shardCount,
      routerCount: settings.routers === 0 ? defaultRouterCount(cores) : settings.routers,
      hashSeed,
      slotOwners,
      targetShards,
      keep: folder.keep,
      callShard: (address, method, args) => calls.call(address, method, args),
      nextEpoch: folder.nextEpoch,
      addressOf: (shard) => links.addressOf(shard, folder.runPath),
      spawn,
      court,
      clock,
      random,
      logger,
    });
    supervisor.start();
    return {
      url: supervisor.ready.then(() => supervisor.url),
      ended: supervisor.ended.then(async () => {
        calls.close();
        await control.close();
        folder.release();
      }),
      stop: () => supervisor.stop(),
    };
  }
}

/**
 * The port that the routers will share. It is taken whole for a moment: a shared port would be given to us even though
 * another cluster has it. Errors: invalid_request when it is taken.
 */
async function freePort(host: string, port: number): Promise<number> {
  const app = createApp(undefined);
  try {
    const listening = await listenOn(app, host, port);
    listening.stop();
    return listening.port;
  } finally {
    app.close();
  }
}
