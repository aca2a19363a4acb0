/**
 * How a shard process comes (back) into its cluster, and keeps others right about what it has in hand. Before it serves it asks each other shard
 * for what that handed over meanwhile, hands over what its last process left, and follows the first shard's list of segments and rules of identity.
 *
 * Keeps: who serves has all that was ever handed over to it; what steps of a dead process had in hand is let go of everywhere, at the latest some
 * seconds after all of it arrived.
 */
import type { EmbeddedEngine } from '../engine/embedded-engine.ts';
import type { SegmentList } from '../engine/segment-owner.ts';
import { EngineError } from '../model/error.ts';
import type { IdentitySettings } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Shard } from '../shard/shard.ts';
import type { ClusterMap } from './cluster-map.ts';
import { holderText, type LiveSteps } from './serve/step-calls.ts';
import type { ShardLinks } from './shard-links.ts';
import type { LockTable } from './step/lock-table.ts';
import type { Outbox } from './step/outbox.ts';

/** Locks that nobody needs any more are let go of at the latest so long after a release was lost. */
const LIVE_STEPS_INTERVAL_MS = 5_000;
const ASK_AGAIN_MS = 10;

export interface ShardReturnParts {
  readonly index: number;
  readonly own: Shard;
  readonly engine: EmbeddedEngine;
  readonly links: ShardLinks;
  readonly outbox: Outbox;
  readonly locks: LockTable;
  readonly clock: Clock;
  /** Different for each process. */
  readonly life: string;
  readonly map: () => ClusterMap;
  readonly isClosing: () => boolean;
  readonly onFatal: (error: unknown) => void;
}

export class ShardReturn {
  readonly #parts: ShardReturnParts;
  #stepCount = 0;
  #stopTelling: () => void = () => undefined;

  constructor(parts: ShardReturnParts) {
    this.#parts = parts;
    parts.links.onUp((shard) => this.#onUp(shard));
  }

  /** The name under which the next step of this process holds what it needs. */
  nextHolder(): string {
    this.#stepCount += 1;
    return this.#holder(this.#stepCount);
  }

  /** Resolves when all that other shards had for this one is here. */
  async complete(): Promise<void> {
    const { index, own, links, outbox, life } = this.#parts;
    const others = this.#parts.map().shards.filter((shard) => shard.index !== index);
    await Promise.all(
      others.map((other) =>
        this.#untilAnswered(other.index, async () => {
          const arrived = own.data.arrived.get(other.index) ?? 0;
          // Parts may have come since this process began: what is told here is not sent again.
          await own.storage.log.durable(own.appliedSeq);
          await links.call(other.index, 'catch_up', { shard: index, arrived, life });
        }),
      ),
    );
    await outbox.whenRestored();
    if (index !== 0) await this.#untilAnswered(0, () => this.#followFirst());
  }

  /** From now on, every few seconds. */
  keepTelling(): void {
    const { index, own, clock, map, onFatal } = this.#parts;
    this.#stopTelling = clock.every(LIVE_STEPS_INTERVAL_MS, () => {
      // Not everybody who writes waits for it.
      own.storage.log.durable(own.appliedSeq).catch(onFatal);
      for (const other of map().shards) {
        if (other.index !== index) this.#tellLiveSteps(other.index).catch(() => undefined);
      }
    });
  }

  stop(): void {
    this.#stopTelling();
  }

  /** Asks each time the link comes up, until there is an answer, or the shard has left: then it has given everything. */
  async #untilAnswered(shard: number, ask: () => Promise<void>): Promise<void> {
    const { clock, links, map, isClosing } = this.#parts;
    while (shard < map().shards.length) {
      try {
        await links.whenUp(shard);
        return await ask();
      } catch (error) {
        if (!(error instanceof EngineError) || isClosing()) throw error;
      }
      await new Promise<void>((resolve) => clock.after(ASK_AGAIN_MS, resolve));
    }
  }

  /** The list of saved segments is the first shard's, and so are the rules of identity where a shard is new or was away when they changed. */
  async #followFirst(): Promise<void> {
    const { engine, links } = this.#parts;
    const { version, segments } = await links.call<SegmentList>(0, 'segment_list', null);
    engine.segmentStore.follow(version, segments);
    const settings = await links.call<IdentitySettings>(0, 'identity_settings', null);
    if (JSON.stringify(settings) !== JSON.stringify(engine.identitySettings()))
      await engine.setIdentitySettings(settings);
  }

  /** The other shard may have been restarted: it gets what is on its way to it, and then hears which steps are still under way. */
  #onUp(shard: number): void {
    const { index, links, outbox } = this.#parts;
    void (async () => {
      try {
        const arrived = await links.call<number>(shard, 'arrived', { origin: index });
        await outbox.catchUp(shard, arrived);
        await this.#tellLiveSteps(shard);
      } catch {
        // The link broke again; the next one does it.
      }
    })();
  }

  /** What steps of the last process have in hand is kept until all of them have arrived everywhere. */
  async #tellLiveSteps(shard: number): Promise<void> {
    const { index, life, links, outbox, locks } = this.#parts;
    await outbox.whenRestored();
    const prefix = this.#holder(0).slice(0, -1);
    const holders = locks.holders().filter((holder) => holder.startsWith(prefix));
    const told: LiveSteps = { origin: index, life, upTo: this.#stepCount, holders };
    await links.call(shard, 'live_steps', told);
  }

  #holder(number: number): string {
    const { index, life } = this.#parts;
    return holderText({ shard: index, life, number });
  }
}
