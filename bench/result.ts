/**
 * One result of a bench as it stands in a JSON line: ours, the peer, and what a reader needs to judge the ratio (runs,
 * pinning, processor time, whether both gave the same answer).
 */

/** Figures of one side. Every side of a timed bench has `clientCpu` and `serverCpu`: processor seconds per operation. */
export type Figures = Readonly<Record<string, number | string>>;

export type Peer = Figures & { readonly name: string };

/** A peer that is not on this machine: no figures, and the way to get it. */
export interface MissingPeer {
  readonly name: string;
  readonly missing: string;
}

export interface Result {
  readonly case: string;
  readonly ours: Figures;
  readonly peer: Peer | MissingPeer;
  /** Above 1 = ours is better by that factor; null when the peer is missing. */
  readonly ratio: number | null;
  /** Both sides answered, and answered the same; what was compared is in the bench's header. */
  readonly agree: boolean;
  /** Hash over answers or inputs that a fixed seed fixes, as 8 hex digits. */
  readonly checksum: string;
  /** What the reader must know to read the figures right. */
  readonly note?: string | undefined;
  /** Where the bench holds processes otherwise than the run does. */
  readonly pinned?: string | undefined;
}

export interface ResultLine extends Result {
  readonly bench: string;
  readonly size: string;
  readonly runs: number;
  /** Which processors the server and the client were held on, or why they were not. */
  readonly pinned: string;
  /** Processor seconds of the client per operation of ours; null where there is no client. */
  readonly clientCpu: number | null;
}

export function isMissing(peer: object): peer is MissingPeer {
  return 'missing' in peer;
}

export function lineOf(bench: string, size: string, runs: number, pinned: string, result: Result): ResultLine {
  const clientCpu = result.ours['clientCpu'];
  return {
    bench,
    size,
    case: result.case,
    ours: roundAll(result.ours),
    peer: isMissing(result.peer) ? result.peer : roundAll(result.peer),
    ratio: result.ratio === null ? null : round(result.ratio),
    agree: result.agree,
    clientCpu: typeof clientCpu === 'number' && Number.isFinite(clientCpu) ? round(clientCpu) : null,
    checksum: result.checksum,
    runs,
    pinned: result.pinned ?? pinned,
    ...(result.note === undefined ? {} : { note: result.note }),
  };
}

function roundAll<Side extends Figures>(figures: Side): Side {
  const entries = Object.entries(figures)
    .filter(([, value]) => typeof value === 'string' || Number.isFinite(value))
    .map(([name, value]) => [name, typeof value === 'number' ? round(value) : value]);
  return Object.fromEntries(entries) as Side;
}

/** Four digits say all that a measurement knows; whole numbers stay whole. */
function round(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}
