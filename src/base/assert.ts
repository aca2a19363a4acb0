/** Assertions are for our own mistakes; they stay on in production. A caller's mistake is an `EngineError`. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === 'string' ? message : message());
}

export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
