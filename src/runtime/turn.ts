/** Runs `act` there, without a promise. */
export function onNextTurn(act: () => void): void {
  setImmediate(act);
}

/** A later turn of this thread's event loop: what came meanwhile is served first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
