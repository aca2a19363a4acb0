/** Arbitraries are costly to make and depend on the moment only, of which there are few: each is made once. */
export function perMoment<T>(make: (nowMs: number) => T): (nowMs: number) => T {
  const made = new Map<number, T>();
  return (nowMs) => {
    if (!made.has(nowMs)) made.set(nowMs, make(nowMs));
    return made.get(nowMs) as T;
  };
}
