/**
 * The rules of a cluster's processes, without processes: `spawn` makes them, the clock is given. Shards start first;
 * routers when each shard has served or died once, so that one that cannot start keeps nobody from the others. Every change
 * of a shard is a new map with a larger epoch, told to all. Stopping is in order: routers, which answer what is under way,
 * then shards.
 */
import type { ClusterMap } from '../cluster/cluster-map.ts';
import type { ClusterView, RouterView, ShardState, ShardView } from '../model/cluster.ts';
import { slotRanges } from '../model/cluster.ts';
import { EngineError, ERROR_STATUS, type ErrorCode } from '../model/error.ts';
import { SLOT_COUNT } from '../model/limits.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { Child, ChildFailure, Role, Spawn, Suspects } from './child.ts';
import { Member, type MemberState } from './member.ts';

export interface SupervisorOptions {
  readonly shardCount: number;
  readonly routerCount: number;
  readonly hashSeed: number;
  readonly slotOwners: readonly number[];
  nextEpoch(): number;
  /** Where a shard listens for the others. */
  addressOf(shard: number): string;
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
}

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
  readonly #shards: readonly Member[];
  readonly #routers: readonly Member[];
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
    };
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
      onSuspects: (suspects) => this.#relay(suspects),
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
      }
    }
    if (this.#stage === 'stopping_routers' && isEvery(this.#routers, 'ended')) this.#stopShards();
    if (this.#stage === 'stopping_shards' && isEvery([...this.#shards, ...this.#routers], 'ended')) {
      this.#stage = 'ended';
      if (!this.#isReady)
        this.#settleReady(this.#failure ?? new EngineError('shutting_down', 'stopped before it served'));
      this.#settleEnded();
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
    for (const child of this.#greeted([...this.#shards, ...this.#routers])) child.useMap(this.#map);
  }

  #drawMap(): ClusterMap {
    const { hashSeed, slotOwners, nextEpoch, addressOf } = this.#options;
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

  #relay(suspects: Suspects): void {
    for (const router of this.#greeted(this.#routers)) router.useSuspects(suspects);
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
