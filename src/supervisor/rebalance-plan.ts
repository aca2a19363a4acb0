/** Which slots go where when a cluster gets another number of shards: as few as possible, so that every shard has its even share. Pure. */

/** Slots that go together from one shard to another. */
export interface PlannedMove {
  readonly from: number;
  readonly to: number;
  readonly slots: readonly number[];
}

/** Where nothing is known of how much is in them. */
const SLOTS_PER_MOVE = 4;
/** However little is in them: who is there waits for as long as the last of them takes. */
const SLOTS_PER_MOVE_MAX = 32;
/** Profiles and events that go at once: some tens of milliseconds. A move of next to nothing takes nearly as long. */
const CONTENT_PER_MOVE = 8_192;

/**
 * Slots that go together from a shard of `slotCount`: frozen at once, so more would hold up more people for longer, fewer would mean more changes of
 * the map. `content`: profiles and events that the shard has.
 */
export function handfulOf(slotCount: number, content: number | undefined): number {
  if (content === undefined || slotCount === 0) return SLOTS_PER_MOVE;
  const fitting = Math.floor((CONTENT_PER_MOVE * slotCount) / Math.max(1, content));
  return Math.max(1, Math.min(SLOTS_PER_MOVE_MAX, fitting));
}

/** In moves of as many as go at once. */
export function movesOf({ from, to, slots }: PlannedMove, handful = SLOTS_PER_MOVE): PlannedMove[] {
  const moves: PlannedMove[] = [];
  for (let i = 0; i < slots.length; i += handful) moves.push({ from, to, slots: slots.slice(i, i + handful) });
  return moves;
}

/**
 * `slotOwners`: shard by slot. Shards from `shardCount` on give all they have; the same plan for the same owners, and none when all is even. `handful`: how
 * many a shard gives at once.
 */
export function planMoves(
  slotOwners: readonly number[],
  shardCount: number,
  handful: (from: number) => number = () => SLOTS_PER_MOVE,
): PlannedMove[] {
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
      const taken = first.slots.splice(0, Math.min(lacking, handful(first.from)));
      moves.push({ from: first.from, to, slots: taken });
      lacking -= taken.length;
      if (first.slots.length === 0) spare.shift();
    }
  }
  return moves;
}
