/**
 * One place in the cluster (shard 2, router 0) over all the processes that fill it one after another: starts them,
 * starts another when one died, after a pause that grows, and gives up never. Who looks on is told after every change.
 */
import type { ShardEnd } from '../cluster/quarantine.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LogFields, Logger } from '../runtime/logger.ts';
import type { RandomSource } from '../runtime/random.ts';
import type { Child, ChildEnd, ChildFailure, ChildStats, Role, Spawn, Suspects } from './child.ts';
import { CRASH_LOOP_COUNT, restartPauseMs, STEADY_MS } from './restart-pause.ts';

/** `waiting`: between two processes. `ended`: for good. */
export type MemberState = 'waiting' | 'starting' | 'serving' | 'stopping' | 'ended';

export interface MemberOptions {
  readonly role: Role;
  readonly index: number;
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  onChange(member: Member): void;
  onFailed(member: Member, failure: ChildFailure): void;
  onSuspects(suspects: Suspects): void;
  /** Of each process, before another takes its place. */
  onProcessEnded(member: Member, end: ShardEnd): void;
}

/** Per second, over the last second that was told. */
export interface MemberRates {
  readonly accepted: number;
  readonly lookups: number;
  readonly queries: number;
}

/** A process that does not say who it is by then is not one of ours any more. */
const GREETING_MS = 60_000;
/** A process that serves and has said nothing for so long hangs: it is killed like one that died. */
const SILENCE_MS = 120_000;
/** After `stop`, how long it may take; then it is killed. What was acknowledged is in the log. */
const STOP_MS: Readonly<Record<Role, number>> = { router: 20_000, shard: 120_000 };

export class Member {
  readonly role: Role;
  readonly index: number;
  readonly #options: MemberOptions;
  #state: MemberState = 'waiting';
  #child: Child | undefined;
  #isGreeted = false;
  #door = '';
  #isDoorHeldBack = false;
  #restarts = 0;
  /** Deaths in a row. */
  #streak = 0;
  #servingSinceMs: number | undefined;
  #isStopAsked = false;
  /** Has it served or died once? */
  #isTried = false;
  #stats: ChildStats | undefined;
  #statsAtMs = 0;
  #rates: MemberRates | undefined;
  #failure: ChildFailure | undefined;
  #lastEnd = '';
  #cancelTimer: () => void = () => {};

  constructor(options: MemberOptions) {
    this.role = options.role;
    this.index = options.index;
    this.#options = options;
  }

  get state(): MemberState {
    return this.#state;
  }

  /** 0 when there is none. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /**
   * After a crash nobody is sent there for a while: what goes in by a shard's own door dies with it unseen, what goes over a router is seen,
   * and found out when it comes again.
   */
  get door(): string {
    return this.#isDoorHeldBack ? '' : this.#door;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get isTried(): boolean {
    return this.#isTried;
  }

  get isCrashLooping(): boolean {
    return this.#state !== 'serving' && this.#streak >= CRASH_LOOP_COUNT;
  }

  /** Of the last process that died, for people; empty when none did. */
  get lastEnd(): string {
    return this.#lastEnd;
  }

  get stats(): ChildStats | undefined {
    return this.#stats;
  }

  get rates(): MemberRates | undefined {
    return this.#rates;
  }

  /** The process that can be told something. */
  get greetedChild(): Child | undefined {
    return this.#isGreeted ? this.#child : undefined;
  }

  start(): void {
    const { spawn, role, index, clock, logger } = this.#options;
    this.#isGreeted = false;
    this.#failure = undefined;
    this.#servingSinceMs = undefined;
    // What a process says after its end, or after another took its place, is nobody's.
    const ifCurrent = (act: () => void): void => {
      if (this.#child === child) act();
    };
    let child: Child;
    try {
      child = spawn(role, index, {
        onGreeted: () => ifCurrent(() => this.#greeted()),
        onServing: (door) => ifCurrent(() => this.#serving(door)),
        onStats: (stats) => ifCurrent(() => this.#told(stats)),
        onSuspects: (suspects) => ifCurrent(() => this.#options.onSuspects(suspects)),
        onFailed: (failure) => ifCurrent(() => this.#failed(failure)),
        onLeave: () => ifCurrent(() => this.#leave()),
        onEnded: (end) => ifCurrent(() => this.#ended(end)),
      });
    } catch (error) {
      // No memory, or no process ids left: as if it had died.
      logger.error('cannot start a process', this.#fields({ reason: (error as Error).message }));
      this.#ended({ code: null, signal: null });
      return;
    }
    this.#child = child;
    this.#after(GREETING_MS, () => this.#kill('it did not say who it is'));
    logger.info('process started', this.#fields({ pid: child.pid }));
    this.#statsAtMs = clock.monotonicMs();
    this.#become('starting');
  }

  /** For good: it is not started again. */
  stop(): void {
    if (this.#state === 'waiting') {
      this.#cancelTimer();
      this.#become('ended');
    } else if (this.#state === 'starting' || this.#state === 'serving') this.#askToStop();
    this.#isStopAsked = true;
  }

  /** Ends what is still there, now. */
  kill(): void {
    this.#isStopAsked = true;
    this.#child?.kill();
  }

  #greeted(): void {
    this.#isGreeted = true;
    this.#cancelTimer();
    this.#options.onChange(this);
  }

  #serving(door: string): void {
    if (this.#state !== 'starting') return;
    const { clock, logger } = this.#options;
    this.#servingSinceMs = clock.monotonicMs();
    this.#statsAtMs = this.#servingSinceMs;
    this.#door = door;
    this.#isTried = true;
    logger.info('process serves', this.#fields({ pid: this.pid, door }));
    this.#cancelTimer = clock.every(SILENCE_MS / 4, () => this.#watch());
    this.#become('serving');
  }

  #watch(): void {
    if (this.#isDoorHeldBack && this.#isSteady) {
      this.#isDoorHeldBack = false;
      this.#options.onChange(this);
    }
    const silentMs = this.#options.clock.monotonicMs() - this.#statsAtMs;
    if (silentMs >= SILENCE_MS) this.#kill('it hung');
    else if (silentMs >= SILENCE_MS / 4) {
      this.#options.logger.warn('a process says nothing', this.#fields({ pid: this.pid, silentMs }));
    }
  }

  #told(stats: ChildStats): void {
    const nowMs = this.#options.clock.monotonicMs();
    const before = this.#stats;
    const seconds = (nowMs - this.#statsAtMs) / 1_000;
    this.#rates =
      before === undefined || seconds <= 0
        ? undefined
        : {
            accepted: Math.max(0, stats.accepted - before.accepted) / seconds,
            lookups: Math.max(0, stats.lookups - before.lookups) / seconds,
            queries: Math.max(0, stats.queries - before.queries) / seconds,
          };
    this.#stats = stats;
    this.#statsAtMs = nowMs;
  }

  #failed(failure: ChildFailure): void {
    this.#failure = failure;
    this.#options.logger.error('a process fails', this.#fields({ code: failure.code, reason: failure.message }));
    this.#options.onFailed(this, failure);
  }

  /** Asked from outside to end: in order, and then another takes its place. */
  #leave(): void {
    if (this.#state === 'starting' || this.#state === 'serving') this.#askToStop();
  }

  #askToStop(): void {
    this.#cancelTimer();
    this.#become('stopping');
    this.#after(STOP_MS[this.role], () => this.#kill('it took too long to stop'));
    this.#child?.stop();
  }

  #kill(reason: string): void {
    this.#cancelTimer();
    this.#failure ??= { code: 'killed', message: reason };
    this.#options.logger.error('a process is killed', this.#fields({ pid: this.pid, reason }));
    this.#child?.kill();
  }

  #ended(end: ChildEnd): void {
    const { random, logger } = this.#options;
    const pid = this.pid;
    const wasStopping = this.#state === 'stopping';
    this.#cancelTimer();
    this.#child = undefined;
    this.#isGreeted = false;
    this.#stats = undefined;
    this.#rates = undefined;
    this.#door = '';
    this.#isTried = true;
    const blame = blameOf(end, wasStopping || this.#isStopAsked, this.#failure);
    this.#isDoorHeldBack = this.role === 'shard' && blame === 'crash';
    this.#options.onProcessEnded(this, blame);
    if (this.#isStopAsked) {
      logger.info('process ended', this.#fields({ pid, ...end }));
      this.#become('ended');
      return;
    }
    const hasLeft = wasStopping && end.code === 0;
    if (hasLeft || this.#isSteady) this.#streak = 0;
    if (!hasLeft) this.#streak += 1;
    this.#restarts += 1;
    const hasServed = this.#servingSinceMs !== undefined;
    this.#lastEnd = endText(end, hasServed, this.#failure);
    const pauseMs = restartPauseMs(this.#streak, random);
    const fields = this.#fields({ pid, ...end, hasServed, restarts: this.#restarts, pauseMs });
    if (hasLeft) logger.info('process left and is started again', fields);
    else if (this.#streak >= CRASH_LOOP_COUNT) logger.error('crash loop: a process keeps dying', fields);
    else logger.error('a process died', fields);
    this.#become('waiting');
    // The look-on may have stopped it.
    if (this.#isStopAsked) return;
    if (pauseMs === 0) this.start();
    else this.#after(pauseMs, () => this.start());
  }

  get #isSteady(): boolean {
    const sinceMs = this.#servingSinceMs;
    return sinceMs !== undefined && this.#options.clock.monotonicMs() - sinceMs >= STEADY_MS;
  }

  #become(state: MemberState): void {
    this.#state = state;
    this.#options.onChange(this);
  }

  #after(durationMs: number, task: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(durationMs, task);
  }

  #fields(more: LogFields): LogFields {
    return { child: `${this.role} ${this.index}`, ...more };
  }
}

/** Signals that nobody sends to a process but itself, or the kernel for what it did. */
const OWN_SIGNALS = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS']);

/** Whether what it had in hand may be to blame. */
function blameOf({ code, signal }: ChildEnd, isAsked: boolean, failure: ChildFailure | undefined): ShardEnd {
  if (isAsked || code === 0 || failure?.code === 'storage_failed') return 'ordered';
  // It hung, and was killed from here.
  if (failure?.code === 'killed') return 'crash';
  return signal === null || OWN_SIGNALS.has(signal) ? 'crash' : 'killed';
}

/** One that dies before it serves dies of what is in its folder, and no quarantine helps. */
function endText({ code, signal }: ChildEnd, hasServed: boolean, failure: ChildFailure | undefined): string {
  const end = signal !== null ? `ended by ${signal}` : `ended with code ${code}`;
  const how = signal === null && code === null ? 'could not start' : end;
  if (failure === undefined && !hasServed && how === end) return `${end} before it served`;
  return failure === undefined ? how : `${how}: ${failure.message}`;
}
