/**
 * Saved segments at a router: changes go to their owner, reading is from the copy here, which holds a change before its caller is answered.
 * Warnings about names are the router's, because it can ask all shards.
 */
import { assert } from '../../base/assert.ts';
import type { SegmentList, VersionedChange } from '../../engine/segment-owner.ts';
import type { SegmentReplica } from '../../engine/segment-replica.ts';
import { textOf, withWarnings } from '../../engine/segment-service.ts';
import type { Segment, SegmentRequest, SegmentSaved } from '../../model/segment.ts';
import type { GatheredNameCheck } from './name-check.ts';

/** `SegmentOwner`, in another process. */
export interface RemoteSegmentOwner {
  save(key: string, request: SegmentRequest): Promise<VersionedChange>;
  delete(key: string): Promise<VersionedChange>;
  list(): Promise<SegmentList>;
}

export class GatheredSegments {
  readonly #owner: RemoteSegmentOwner;
  readonly #replica: SegmentReplica;
  readonly #names: GatheredNameCheck;

  constructor(owner: RemoteSegmentOwner, replica: SegmentReplica, names: GatheredNameCheck) {
    this.#owner = owner;
    this.#replica = replica;
    this.#names = names;
  }

  /** Errors: as of `SegmentOwner.save`, and those of asking. */
  async save(key: string, request: SegmentRequest): Promise<SegmentSaved> {
    const done = await this.#owner.save(key, request);
    await this.take(done);
    const { change } = done;
    assert('saved' in change, 'the owner of the segments tells what it saved');
    const { saved } = change;
    return withWarnings(saved, await this.#names.ofExpression(saved.where, textOf(request)));
  }

  /** Errors: as of `SegmentOwner.delete`, and those of asking. */
  async delete(key: string): Promise<void> {
    await this.take(await this.#owner.delete(key));
  }

  get(key: string): Segment | undefined {
    return this.#replica.get(key);
  }

  list(): readonly Segment[] {
    return this.#replica.list();
  }

  /** A change that the owner made, whoever asked for it; where others before it are missing, the whole list is fetched. */
  async take({ version, change }: VersionedChange): Promise<void> {
    if (!this.#replica.apply(version, change)) await this.refresh();
  }

  /** The owner's whole list as it is now: at the start, and when the connection was lost. */
  async refresh(): Promise<void> {
    const { version, segments } = await this.#owner.list();
    this.#replica.use(version, segments);
  }
}
