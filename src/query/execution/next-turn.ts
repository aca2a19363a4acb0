/** Gives other callers a turn: awaited between the slices of long work on the shard's own thread. */
export type NextTurn = () => Promise<void>;
