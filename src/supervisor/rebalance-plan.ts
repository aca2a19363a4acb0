/** Which slots go where when a cluster gets another number of shards: as few as possible, so that every shard has its even share. Pure. */

/** Slots that go together from one shard to another. */
export interface PlannedMove {
  readonly from: number;
  readonly to: number;
  readonly slots: readonly number[];
}

/** Frozen at once: more would hold up more people, fewer would mean more changes of the map. */
const SLOTS_PER_MOVE = 4;

/** In moves of as many as go at once. */
export function movesOf({ from, to, slots }: PlannedMove): PlannedMove[] {
  const moves: PlannedMove[] = [];
  for (let i = 0; i < slots.length; i += SLOTS_PER_MOVE) {
    moves.push({ from, to, slots: slots.slice(i, i + SLOTS_PER_MOVE) });
  }
  return moves;
}

/** `slotOwners`: shard by slot. Shards from `shardCount` on give all they have; the same plan for the same owners, and none when all is even. */
export function planMoves(slotOwners: readonly number[], shardCount: number): PlannedMove[] {
  const slots = new Map<number, number[]>();
  slotOwners.forEach((owner, slot) => {
    const own = slots.get(owner);
    if (own === undefined) slots.set(owner, [slot]);
    else own.push(slot);
  });
  const countOf = (shard: number): number => slots.get(shard)?.length ?? 0;
  const least = Math.floor(slotOwners.length / shardCount);
  // Who has the most already keeps one more, where the division leaves some over.
  const keepers = Array.from({ length: shardCount }, (_, shard) => shard).sort(
    (a, b) => countOf(b) - countOf(a) || a - b,
  );
  const share = new Map(
    keepers.map((shard, place) => [shard, place < slotOwners.length % shardCount ? least + 1 : least]),
  );
  const spare: { readonly from: number; readonly slots: number[] }[] = [];
  for (const [from, own] of [...slots].sort(([a], [b]) => a - b)) {
    const over = own.length - (share.get(from) ?? 0);
    if (over > 0) spare.push({ from, slots: own.slice(own.length - over) });
  }
  const moves: PlannedMove[] = [];
  for (const [to, wanted] of [...share].sort(([a], [b]) => a - b)) {
    let lacking = wanted - countOf(to);
    while (lacking > 0) {
      const [first] = spare;
      const taken = first.slots.splice(0, Math.min(lacking, SLOTS_PER_MOVE));
      moves.push({ from: first.from, to, slots: taken });
      lacking -= taken.length;
      if (first.slots.length === 0) spare.shift();
    }
  }
  return moves;
}
