/** Something a bench cannot go on from; the message is for the person who ran it. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
