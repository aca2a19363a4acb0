/**
 * Fair shares of a worker: it works on several scans by turns, a quantum each, so that a short scan waits for a quantum of each other
 * one and never for the end of a long one. Quanta are counted in estimated cost, not in time: where a scan is interrupted does
 * not hang on a clock (nor does its result on where).
 */

/** Estimated work before another scan has its turn. */
export const QUANTUM_NS = 5_000_000;

/** `steps` yields what each piece cost; what it holds between quanta stays where it is, on this thread. */
export async function runInQuanta<T>(
  steps: Generator<number, T, void>,
  nextTurn: () => Promise<void>,
  quantumNs: number = QUANTUM_NS,
): Promise<T> {
  let spentNs = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    spentNs += step.value;
    if (spentNs < quantumNs) continue;
    spentNs = 0;
    await nextTurn();
  }
}
