/**
 * How busy the event loop of this thread is: the share of the time in which it did something, over the last stretch of some
 * milliseconds. A log asks it whether its core has time to spare.
 */
const STRETCH_MS = 25;

export class LoopLoad {
  #mark = performance.eventLoopUtilization();
  #markMs = performance.now();
  #share = 0;

  /** 0 to 1, at most `STRETCH_MS` old as long as it is asked. */
  share(): number {
    const nowMs = performance.now();
    if (nowMs - this.#markMs < STRETCH_MS) return this.#share;
    const mark = performance.eventLoopUtilization();
    this.#share = performance.eventLoopUtilization(mark, this.#mark).utilization;
    this.#mark = mark;
    this.#markMs = nowMs;
    return this.#share;
  }
}
