/** One turn of a load client against one server, in the same terms for every client, and the figures of many turns. */
import { alternate, type BenchContext, medianBy } from './harness.ts';
import type { Figures } from './result.ts';

/** What a client counted. A unit is a lookup or an event, whatever travels together. */
export interface ClientTurn {
  readonly perSecond: number;
  /** From sending to answer, of what was sent as one. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor seconds of the client per unit. */
  readonly clientCpu: number;
  /** Units from the client's start to its end; more than were counted when it warmed up first. */
  readonly totalCount: number;
  /** Bytes of answers per unit, where the client tells. */
  readonly answerBytes?: number | undefined;
  /** How much was done in each piece of the time since `startedAtMs` (since the epoch), where it was asked for. */
  readonly timeline?:
    | { readonly startedAtMs: number; readonly bucketMs: number; readonly counts: readonly number[] }
    | undefined;
  /** What went wrong. */
  readonly faults: readonly string[];
}

export type LoadTurn = ClientTurn & {
  /** Processor seconds of the server per unit. */
  readonly serverCpu: number;
};

export interface LoadContender {
  readonly name: string;
  /** A process, or all of a server's together. */
  readonly server: { readonly cpuSeconds: number };
  load(index: number): Promise<ClientTurn>;
  /** What follows a turn and is not measured: checks, tidying up. */
  readonly after?: ((turn: ClientTurn) => Promise<void>) | undefined;
}

/** Warms every contender once, then lets them take turns. Gives the turns in the contenders' order. */
export async function takeTurns(
  context: BenchContext,
  title: string,
  contenders: readonly LoadContender[],
): Promise<readonly (readonly LoadTurn[])[]> {
  const timed = contenders.map(({ name, server, load, after }) => ({
    name,
    turn: async (index: number): Promise<LoadTurn> => {
      const before = server.cpuSeconds;
      const turn = await load(index);
      const serverCpu = (server.cpuSeconds - before) / turn.totalCount;
      await after?.(turn);
      return { ...turn, serverCpu };
    },
  }));
  if (context.size.name !== 'smoke') {
    context.progress(`${title}: warming up`);
    for (const contender of timed) await contender.turn(context.runs);
  }
  const turns = await alternate(timed, context.runs, (text) => context.progress(`${title}: ${text}`));
  return contenders.map(({ name }) => turns.get(name)!);
}

/** `Rps`: lookups per second. `Eps`: events per second. */
export function figuresOf(turns: readonly LoadTurn[], unit: 'Rps' | 'Eps'): Figures {
  const rates = turns.map((turn) => turn.perSecond);
  return {
    [`median${unit}`]: rateOf(turns),
    [`min${unit}`]: Math.min(...rates),
    [`max${unit}`]: Math.max(...rates),
    p50Ms: medianBy(turns, (turn) => turn.p50Ms),
    p99Ms: medianBy(turns, (turn) => turn.p99Ms),
    clientCpu: medianBy(turns, (turn) => turn.clientCpu),
    serverCpu: medianBy(turns, (turn) => turn.serverCpu),
    answerBytes: medianBy(turns, (turn) => turn.answerBytes ?? Number.NaN),
  };
}

export function rateOf(turns: readonly LoadTurn[]): number {
  return medianBy(turns, (turn) => turn.perSecond);
}

export function faultsOf(turns: readonly LoadTurn[]): readonly string[] {
  return turns.flatMap((turn) => turn.faults);
}

/** For the line's note: undefined when nothing went wrong. */
export function faultNote(faults: readonly string[]): string | undefined {
  return faults.length === 0 ? undefined : `faults: ${[...new Set(faults)].slice(0, 3).join('; ')}`;
}
