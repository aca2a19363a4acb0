/**
 * Drives one structure made of pages through writes, snapshots, checkpoints and restarts, and holds it against a plain
 * model. A snapshot is judged by loading it into another memory: that reads exactly what was captured, within the lengths
 * captured, however much was written since.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { LoadContext, SaveContext, type SavedState } from '../../src/memory/persist.ts';
import { type Page, SlabMemory, type Snapshot } from '../../src/memory/slab-memory.ts';

/** Small and seeded, so that an operation is two numbers and shrinks well. */
export type Dice = (below: number) => number;

export function diceOf(seed: number): Dice {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface Subject<Model> {
  readonly usedBytes: number;
  /** Changes the structure and the model alike. */
  write(model: Model, dice: Dice): void;
  save(context: SaveContext): SavedState;
  expectEqual(model: Model): void;
}

export interface SubjectKind<Model> {
  readonly newModel: () => Model;
  readonly copyModel: (model: Model) => Model;
  readonly make: (memory: SlabMemory) => Subject<Model>;
  readonly load: (context: LoadContext, state: SavedState) => Subject<Model>;
}

export type Operation =
  | { readonly kind: 'write'; readonly count: number; readonly seed: number }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'checkpoint'; readonly writesMeanwhile: number; readonly seed: number }
  | { readonly kind: 'restart' };

const seeds = fc.integer();

export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        count: fc.integer({ min: 1, max: 60 }),
        seed: seeds,
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat(10) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('checkpoint' as const),
        writesMeanwhile: fc.integer({ min: 0, max: 40 }),
        seed: seeds,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { maxLength: 40 },
);

interface Witness<Model> {
  readonly snapshot: Snapshot;
  readonly context: SaveContext;
  readonly state: SavedState;
  readonly model: Model;
}

export class MemoryWorld<Model> {
  readonly #kind: SubjectKind<Model>;
  #memory = new SlabMemory();
  #subject: Subject<Model>;
  #model: Model;
  #witnesses: Witness<Model>[] = [];
  /** The checkpoint store: page id → bytes, and the newest checkpoint with the model it stands for. */
  readonly #stored = new Map<number, Uint8Array>();
  #nextPageId = 1;
  #checkpoint: { readonly pageIds: number[]; readonly state: SavedState; readonly model: Model } | undefined;
  writtenPageCount = 0;

  constructor(kind: SubjectKind<Model>) {
    this.#kind = kind;
    this.#subject = kind.make(this.#memory);
    this.#model = kind.newModel();
  }

  get memory(): SlabMemory {
    return this.#memory;
  }

  run(operation: Operation): void {
    switch (operation.kind) {
      case 'write':
        return this.#write(operation.count, operation.seed);
      case 'snapshot':
        this.#witnesses.push(this.#capture());
        return;
      case 'release': {
        const at = operation.which % Math.max(1, this.#witnesses.length);
        for (const witness of this.#witnesses.splice(at, 1)) this.#dismiss(witness);
        return;
      }
      case 'checkpoint':
        return this.checkpoint(operation.writesMeanwhile, operation.seed);
      case 'restart':
        return this.#restart();
    }
  }

  /** Everything read back, every snapshot still as it was; then nothing may be left over. */
  finish(): void {
    this.#subject.expectEqual(this.#model);
    for (const witness of this.#witnesses) this.#expectUnchanged(witness);
    for (const witness of this.#witnesses.splice(0)) this.#dismiss(witness);
    expect(this.#memory.liveSnapshotCount).toBe(0);
    expect(this.#memory.usedBytes).toBe(this.#subject.usedBytes);
    this.#subject.expectEqual(this.#model);
  }

  #write(count: number, seed: number): void {
    const dice = diceOf(seed);
    for (let i = 0; i < count; i++) this.#subject.write(this.#model, dice);
  }

  #capture(): Witness<Model> {
    const snapshot = this.#memory.snapshot();
    const context = new SaveContext(snapshot);
    const state = structuredClone(this.#subject.save(context));
    return { snapshot, context, state, model: this.#kind.copyModel(this.#model) };
  }

  #expectUnchanged(witness: Witness<Model>): void {
    const { pages } = witness.context;
    const context = new LoadContext(new SlabMemory(), [...pages.keys()], (id) => this.#memory.bytes(pages[id]));
    this.#kind.load(context, structuredClone(witness.state)).expectEqual(witness.model);
  }

  #dismiss(witness: Witness<Model>): void {
    this.#expectUnchanged(witness);
    this.#memory.release(witness.snapshot);
  }

  /** As `shard/checkpoint.ts`: only pages that changed are written, each as of the start; the subject is written to halfway. */
  checkpoint(writesMeanwhile: number, seed: number): void {
    const memory = this.#memory;
    const snapshot = memory.stillSnapshot();
    const context = new SaveContext(snapshot);
    const state = structuredClone(this.#subject.save(context));
    const model = this.#kind.copyModel(this.#model);
    const { pages } = context;
    const pageIds: number[] = [];
    const changed: number[] = [];
    pages.forEach((page, i) => {
      if (page.savedId === 0 || page.stamp > page.savedEpoch) {
        changed.push(i);
        return;
      }
      // What is skipped must be in the store as it is.
      expect(Buffer.compare(this.#stored.get(page.savedId)!, memory.take(snapshot, page))).toBe(0);
      pageIds[i] = page.savedId;
    });
    const written: { page: Page; id: number }[] = [];
    changed.forEach((at, i) => {
      if (i === changed.length >>> 1) this.#write(writesMeanwhile, seed);
      const id = this.#nextPageId++;
      this.#stored.set(id, Uint8Array.from(memory.take(snapshot, pages[at])));
      pageIds[at] = id;
      written.push({ page: pages[at], id });
    });
    for (const { page, id } of written) {
      page.savedId = id;
      page.savedEpoch = snapshot.epoch;
    }
    memory.release(snapshot);
    this.writtenPageCount = written.length;
    this.#checkpoint = { pageIds, state, model };
    const loading = new LoadContext(new SlabMemory(), pageIds, (id) => this.#stored.get(id)!);
    this.#kind.load(loading, structuredClone(state)).expectEqual(model);
  }

  /** The process ends: what is left is the last checkpoint. */
  #restart(): void {
    this.#witnesses = [];
    this.#memory = new SlabMemory();
    if (this.#checkpoint === undefined) {
      this.#subject = this.#kind.make(this.#memory);
      this.#model = this.#kind.newModel();
      return;
    }
    const { pageIds, state, model } = this.#checkpoint;
    const context = new LoadContext(this.#memory, pageIds, (id) => this.#stored.get(id)!);
    this.#subject = this.#kind.load(context, structuredClone(state));
    this.#model = this.#kind.copyModel(model);
    this.#memory.release(this.#memory.snapshot());
    this.#subject.expectEqual(this.#model);
  }
}
