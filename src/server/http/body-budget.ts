/**
 * Request bodies in memory, over all connections: many clients with large bodies at once get a retryable error
 * instead of ending the process.
 */
export class BodyBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** False when there is no room: the caller keeps nothing. */
  reserve(sizeBytes: number): boolean {
    if (this.#usedBytes + sizeBytes > this.#limitBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  release(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }
}
