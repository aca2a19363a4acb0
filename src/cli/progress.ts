/**
 * How far a long command has come, on standard error: a bar with rate and remaining time for a person, a plain line
 * every few seconds for a log file. It never writes to standard output, which belongs to the result.
 */
import { SingleBar } from 'cli-progress';
import type { Terminal } from './terminal.ts';

const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 200;

export interface ProgressOptions {
  /** What is counted: "rows", "items", "profiles". */
  readonly unit: string;
  /** In whatever measures the way (bytes, items); 0 when unknown. */
  readonly total: number;
  readonly isQuiet?: boolean | undefined;
}

export class Progress {
  readonly #terminal: Terminal;
  readonly #options: ProgressOptions;
  readonly #startMs: number;
  readonly #bar: SingleBar | undefined;
  #shownMs: number;

  constructor(terminal: Terminal, options: ProgressOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#startMs = terminal.nowMs();
    this.#shownMs = this.#startMs;
    if (options.isQuiet || !terminal.isWatched) return;
    this.#bar = new SingleBar({
      stream: terminal.stderr as NodeJS.WriteStream,
      format: '{bar} {percentage}%  {count} {unit}  {rate}/s  {left}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
    });
    this.#bar.start(Math.max(1, options.total), 0, this.#payload(0, 0));
  }

  /** `position` of `total`, and how many units that is. */
  update(position: number, count: number): void {
    if (this.#options.isQuiet) return;
    const nowMs = this.#terminal.nowMs();
    if (nowMs - this.#shownMs < (this.#bar === undefined ? LINE_INTERVAL_MS : BAR_INTERVAL_MS)) return;
    this.#shownMs = nowMs;
    if (this.#bar !== undefined) {
      this.#bar.update(position, this.#payload(position, count));
      return;
    }
    const { count: countText, unit, rate, left } = this.#payload(position, count);
    const share = this.#options.total > 0 ? `${Math.floor((100 * position) / this.#options.total)} %, ` : '';
    this.#terminal.stderr.write(`${share}${countText} ${unit}, ${rate}/s${left === '' ? '' : `, ${left}`}\n`);
  }

  stop(): void {
    this.#bar?.stop();
  }

  #payload(position: number, count: number): { count: string; unit: string; rate: string; left: string } {
    const elapsedMs = Math.max(1, this.#terminal.nowMs() - this.#startMs);
    const { total, unit } = this.#options;
    const leftMs = position > 0 && total > position ? (elapsedMs * (total - position)) / position : 0;
    return {
      count: formatCount(count),
      unit,
      rate: formatCount(Math.round((count * 1_000) / elapsedMs)),
      left: total === 0 || position === 0 ? '' : `${formatDuration(leftMs)} left`,
    };
  }
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** "42 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
