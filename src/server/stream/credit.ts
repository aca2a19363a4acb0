/**
 * Flow control of one connection: `frames` ingest frames may be unacknowledged. Up to twice as many are tolerated, for
 * clients that do not count. Past that a frame is refused, and after `frames` refusals in a row, without ever falling
 * back inside the credit, the connection is given up.
 */
export type Admission = 'admitted' | 'refused' | 'exhausted';

export class Credit {
  readonly frames: number;
  #usedFrames = 0;
  #refusals = 0;

  constructor(frames: number) {
    this.frames = frames;
  }

  get usedFrames(): number {
    return this.#usedFrames;
  }

  take(): Admission {
    if (this.#usedFrames < this.frames * 2) {
      this.#usedFrames += 1;
      return 'admitted';
    }
    this.#refusals += 1;
    return this.#refusals > this.frames ? 'exhausted' : 'refused';
  }

  giveBack(): void {
    this.#usedFrames -= 1;
    if (this.#usedFrames <= this.frames) this.#refusals = 0;
  }
}
