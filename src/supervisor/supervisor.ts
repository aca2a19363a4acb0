/**
 * The rules of a cluster's processes, without processes: `spawn` makes them, the clock is given. Shards start first;
 * routers when each shard has served or died once, so that one that cannot start keeps nobody from the others. Every change
 * of a shard is a new map with a larger epoch, told to all. Stopping is in order: routers, which answer what is under way,
 * then shards.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { QuarantineNews, ShardEnd } from '../cluster/quarantine.ts';
import type { QuarantineCourt } from '../cluster/quarantine-court.ts';
import type { ClusterView, RouterView, ShardState, ShardView } from '../model/cluster.ts';
import { slotRanges } from '../model/cluster.ts';
import { EngineError, ERROR_STATUS, type ErrorCode } from '../model/error.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { Child, ChildFailure, Role, Spawn } from './child.ts';
import type { ClusterChange } from './cluster-folder.ts';
import { Member, type MemberState } from './member.ts';
import { Rebalance } from './rebalance.ts';

export interface SupervisorOptions {
  readonly shardCount: number;
  readonly routerCount: number;
  readonly hashSeed: number;
  readonly slotOwners: readonly number[];
  nextEpoch(): number;
  /** Where a shard listens for the others. */
  addressOf(shard: number): string;
  /** Keeps owners, number of shards and what is being changed to. Errors: storage_failed. */
  keep(change: ClusterChange): void;
  /** What an earlier supervisor was changing to. */
  readonly targetShards: number | undefined;
  /** Errors: shard_unavailable and what else the call ends with. */
  callShard(address: string, method: string, args: unknown): Promise<unknown>;
  readonly spawn: Spawn;
  /** Judges what shards die of; its news come back by `useQuarantine`. */
  readonly court: QuarantineCourt;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
}

const SHARD_COUNT_MAX = 256;
const LEAVING_LOOK_MS = 100;

type Stage = 'new' | 'shards' | 'all' | 'stopping_routers' | 'stopping_shards' | 'ended';

const SHARD_STATES: Readonly<Record<MemberState, ShardState>> = {
  waiting: 'down',
  starting: 'starting',
  serving: 'up',
  stopping: 'stopping',
  ended: 'down',
};

export class Supervisor {
  /** The first time that all shards serve and a router listens. Rejects with what keeps the cluster from starting, after all has ended. */
  readonly ready: Promise<void>;
  /** No process is left. */
  readonly ended: Promise<void>;
  readonly #options: SupervisorOptions;
  #shards: Member[];
  readonly #routers: readonly Member[];
  #slotOwners: readonly number[];
  readonly #rebalance: Rebalance;
  #stage: Stage = 'new';
  #stopCount = 0;
  #map: ClusterMap;
  #shown = '';
  #isReady = false;
  #failure: EngineError | undefined;
  #settleReady: (failure?: EngineError) => void = () => {};
  #settleEnded: () => void = () => {};

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    // Whoever waits sees it; nobody has to.
    this.ready.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    const membersOf = (role: Role, count: number): Member[] =>
      Array.from({ length: count }, (_, index) => this.#member(role, index));
    this.#shards = membersOf('shard', options.shardCount);
    this.#routers = membersOf('router', options.routerCount);
    this.#slotOwners = options.slotOwners;
    this.#rebalance = this.#makeRebalance();
    this.#map = this.#drawMap();
  }

  get map(): ClusterMap {
    return this.#map;
  }

  start(): void {
    if (this.#stage !== 'new') return;
    this.#stage = 'shards';
    for (const shard of this.#shards) shard.start();
  }

  /** The first time in order, the second time without waiting for the routers, then by force. */
  stop(): void {
    if (this.#stage === 'ended') return;
    this.#stopCount += 1;
    const all = [...this.#shards, ...this.#routers];
    if (this.#stopCount >= 3) for (const member of all) member.kill();
    else if (this.#stopCount === 2) {
      for (const router of this.#routers) router.kill();
      this.#stopShards();
    } else {
      this.#stage = 'stopping_routers';
      void this.#rebalance.stop();
      for (const router of this.#routers) router.stop();
    }
    this.#advance();
  }

  /** Of the routers' doors; empty when none listens. */
  get url(): string {
    return this.#routers.find(({ door }) => door !== '')?.door ?? '';
  }

  view(): ClusterView {
    const { epoch, slotOwners } = this.#map;
    return {
      mode: 'cluster',
      slots: SLOT_COUNT,
      epoch,
      shards: this.#shards.map((shard) => shardView(shard, slotOwners)),
      routers: this.#routers.map(routerView),
      move: this.#rebalance.view,
      quarantined: this.#options.court.count,
    };
  }

  /** Begins to give the cluster this number of shards. Errors: invalid_request, shard_unavailable, storage_failed. */
  rebalance(shardCount: number): ClusterView {
    if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > SHARD_COUNT_MAX) {
      throw new EngineError('invalid_request', `"shards" must be a whole number from 1 to ${SHARD_COUNT_MAX}`);
    }
    if (this.#stage !== 'all' || !this.#isReady) {
      throw new EngineError('shard_unavailable', 'the cluster is starting or stopping; try again', {
        retryAfterMs: 1_000,
      });
    }
    this.#rebalance.begin(shardCount);
    return this.view();
  }

  #makeRebalance(): Rebalance {
    const { clock, logger, keep, callShard, addressOf } = this.#options;
    return new Rebalance({
      clock,
      logger,
      slotOwners: () => this.#slotOwners,
      shardCount: () => this.#shards.length,
      grow: (count) => {
        keep({ shardCount: count });
        for (let index = this.#shards.length; index < count; index++) {
          const shard = this.#member('shard', index);
          this.#shards.push(shard);
          shard.start();
        }
      },
      shrink: async (count) => {
        const leaving = this.#shards.slice(count);
        for (const shard of leaving) shard.stop();
        while (leaving.some(({ state }) => state !== 'ended')) {
          await new Promise<void>((resolve) => clock.after(LEAVING_LOOK_MS, resolve));
        }
        if (this.#stage !== 'all') throw new EngineError('shutting_down', 'the cluster stops');
        keep({ shardCount: count });
        this.#shards = this.#shards.slice(0, count);
        this.#publish();
      },
      keepTarget: (count) => keep({ targetShards: count ?? null }),
      keepOwners: (owners) => {
        keep({ slotOwners: owners });
        this.#slotOwners = owners;
        this.#map = this.#drawMap();
        return this.#map;
      },
      map: () => this.#map,
      publish: () => this.#publishMap(),
      callShard: (shard, method, args) => callShard(addressOf(shard), method, args),
      isServing: (shard) => this.#shards[shard]?.state === 'serving',
      contentOf: (shard) => {
        const stats = this.#shards[shard]?.stats;
        return stats && stats.profiles + stats.events;
      },
      isBusy: () => this.#shards.some(({ rates }) => (rates?.accepted ?? 0) > 0),
    });
  }

  #member(role: Role, index: number): Member {
    const { spawn, clock, random, logger } = this.#options;
    return new Member({
      role,
      index,
      spawn,
      clock,
      random,
      logger,
      onChange: () => this.#advance(),
      onFailed: (member, failure) => this.#memberFailed(member, failure),
      onSuspects: ({ hashes }) => this.#options.court.report(hashes),
      onProcessEnded: (member, end) => this.#processEnded(member, end),
    });
  }

  #advance(): void {
    this.#publish();
    const isEvery = (members: readonly Member[], state: MemberState): boolean =>
      members.every((member) => member.state === state);
    if (this.#stage === 'shards' && this.#shards.every((shard) => shard.isTried)) {
      this.#stage = 'all';
      for (const router of this.#routers) router.start();
    }
    if (!this.#isReady && this.#stage === 'all' && isEvery(this.#shards, 'serving')) {
      if (this.#routers.some((router) => router.state === 'serving')) {
        this.#isReady = true;
        this.#settleReady();
        const { targetShards } = this.#options;
        if (targetShards !== undefined) this.#rebalance.begin(targetShards);
      }
    }
    if (this.#stage === 'stopping_routers' && isEvery(this.#routers, 'ended')) this.#stopShards();
    if (this.#stage === 'stopping_shards' && isEvery([...this.#shards, ...this.#routers], 'ended')) {
      this.#stage = 'ended';
      if (!this.#isReady)
        this.#settleReady(this.#failure ?? new EngineError('shutting_down', 'stopped before it served'));
      // It writes into the folder, which is let go of when all has ended.
      void this.#rebalance.stop().then(() => this.#settleEnded());
    }
  }

  #stopShards(): void {
    if (this.#stage === 'stopping_shards' || this.#stage === 'ended') return;
    this.#stage = 'stopping_shards';
    for (const shard of this.#shards) shard.stop();
  }

  /** What cannot get better by trying ends a start; a cluster that served once goes on trying. */
  #memberFailed(member: Member, failure: ChildFailure): void {
    if (this.#isReady || this.#stopCount > 0 || failure.code !== 'invalid_request') return;
    const code = Object.hasOwn(ERROR_STATUS, failure.code) ? (failure.code as ErrorCode) : 'internal';
    this.#failure = new EngineError(code, `${member.role} ${member.index}: ${failure.message}`);
    this.stop();
  }

  #publish(): void {
    // What shows in a map, and who is there to be told.
    const shown = this.#shards.map(({ state, pid, door, restarts }) => [state, pid, door, restarts].join()).join(';');
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#map = this.#drawMap();
    this.#publishMap();
  }

  #publishMap(): void {
    for (const child of this.#greeted([...this.#shards, ...this.#routers])) child.useMap(this.#map);
  }

  #drawMap(): ClusterMap {
    const { hashSeed, nextEpoch, addressOf } = this.#options;
    const slotOwners = this.#slotOwners;
    const shards = this.#shards.map(({ index, state, pid, door, restarts }) => ({
      index,
      address: addressOf(index),
      door,
      pid,
      state: SHARD_STATES[state],
      restarts,
    }));
    return { epoch: nextEpoch(), hashSeed, shards, slotOwners };
  }

  #processEnded({ role, index }: Member, end: ShardEnd): void {
    const { court } = this.#options;
    if (role === 'shard') court.shardEnded(index, end);
    court.holderEnded(`${role} ${index}`);
  }

  /** For all that send to shards. */
  useQuarantine(news: QuarantineNews): void {
    for (const child of this.#greeted([...this.#shards, ...this.#routers])) child.useQuarantine(news);
  }

  #greeted(members: readonly Member[]): Child[] {
    return members.flatMap(({ greetedChild }) => (greetedChild === undefined ? [] : [greetedChild]));
  }
}

function shardView(member: Member, slotOwners: readonly number[]): ShardView {
  const { index, pid, door, restarts, stats, rates } = member;
  const ranges = slotRanges(SLOT_COUNT, (slot) => slotOwners[slot] === index);
  return {
    index,
    pid,
    address: door,
    state: SHARD_STATES[member.state],
    slotCount: ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0),
    slotRanges: ranges,
    restarts,
    profiles: stats?.profiles,
    events: stats?.events,
    memoryBytes: stats?.memoryBytes,
    appliedSeq: stats?.appliedSeq,
    durableSeq: stats?.durableSeq,
    eventsPerSecond: rates?.accepted,
    lookupsPerSecond: rates?.lookups,
    isCrashLooping: member.isCrashLooping,
    note: noteOf(member),
  };
}

function routerView(member: Member): RouterView {
  const { pid, restarts, stats, rates } = member;
  return {
    pid,
    state: SHARD_STATES[member.state],
    restarts,
    memoryBytes: stats?.memoryBytes,
    queriesPerSecond: rates?.queries,
    isCrashLooping: member.isCrashLooping,
    note: noteOf(member),
  };
}

/** Only of a process that is not there now, or keeps dying. */
function noteOf({ state, lastEnd, isCrashLooping }: Member): string | undefined {
  if (state === 'serving' || lastEnd === '') return undefined;
  return isCrashLooping ? `crash loop: ${lastEnd}` : lastEnd;
}
