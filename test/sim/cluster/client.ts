/**
 * Somebody who sends a list of items until each was acknowledged as durable: in batches, through whichever router is there, again when it was refused or when nobody
 * knows what became of it; and who looks now and then whether what was acknowledged can be seen.
 */
import { EngineError } from '../../../src/model/error.ts';
import type { Identifier, Profile } from '../../../src/model/profile.ts';
import type { SimCluster } from './cluster.ts';
import type { SimRouter } from './stage.ts';
import type { SimItem } from './traffic.ts';

const CALL_TIMEOUT_MS = 20_000;
const EVENTS_MAX = 1_000_000;
/** Codes of what is nobody's fault but ours. */
const OURS = ['internal', 'invalid_request', 'malformed_msgpack', 'malformed_request'];

export interface ClientParts {
  readonly cluster: SimCluster;
  readonly note: (text: string) => void;
  readonly violation: (what: string) => void;
  readonly isOver: () => boolean;
  /** Longest pause between two batches. */
  readonly pauseMsMax: number;
}

export class Client {
  readonly name: string;
  readonly acknowledged = new Set<SimItem>();
  readonly #parts: ClientParts;
  readonly #items: readonly SimItem[];
  #next = 0;

  constructor(name: string, items: readonly SimItem[], parts: ClientParts) {
    this.name = name;
    this.#items = items;
    this.#parts = parts;
  }

  get isDone(): boolean {
    return this.acknowledged.size === this.#items.length;
  }

  /** Whatever became of it. */
  get sent(): readonly SimItem[] {
    return this.#items.slice(0, this.#next);
  }

  get left(): string[] {
    return this.#items.filter((item) => !this.acknowledged.has(item)).map(({ messageId }) => messageId);
  }

  async run(): Promise<void> {
    const { world } = this.#parts.cluster;
    while (!this.#parts.isOver()) {
      if (this.isDone) return;
      await this.#send(this.#batch());
      if (world.below(3) === 0) await this.#look();
      if (world.below(2) === 0) await this.#pause(world.below(this.#parts.pauseMsMax));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.cluster.world.clock.after(ms, resolve));
  }

  /** New items mostly, then what is left; now and then one that came through before. */
  #batch(): SimItem[] {
    const { world } = this.#parts.cluster;
    const size = world.below(3) === 0 ? 1 + world.below(40) : 1 + world.below(4);
    const batch: SimItem[] = [];
    while (batch.length < size && this.#next < this.#items.length) batch.push(this.#items[this.#next++]);
    if (batch.length < size && (this.#next >= this.#items.length || world.below(3) === 0)) {
      const left = this.#items
        .slice(0, this.#next)
        .filter((item) => !this.acknowledged.has(item) && !batch.includes(item));
      batch.push(...left.slice(0, size - batch.length));
    }
    if (world.below(6) === 0) batch.push(this.#items[world.below(this.#next)]);
    return batch;
  }

  #router(): SimRouter | undefined {
    const { cluster } = this.#parts;
    const open = cluster.routers.filter(({ engine }) => engine !== undefined);
    return open.length === 0 ? undefined : open[cluster.world.below(open.length)];
  }

  /** The call's answer; undefined when there is none, or nobody to ask. */
  async call<T>(
    what: string,
    ask: (router: NonNullable<SimRouter['engine']>) => Promise<T>,
  ): Promise<T | EngineError | undefined> {
    const router = this.#router();
    if (router?.engine === undefined || router.process === undefined) {
      await this.#pause(50);
      return undefined;
    }
    const { note, violation, cluster } = this.#parts;
    let cancel = (): void => undefined;
    const timeout = new Promise<undefined>((resolve) => {
      cancel = cluster.world.clock.after(CALL_TIMEOUT_MS, () => resolve(undefined));
    });
    const { killed, isAlive } = router.process;
    try {
      return await Promise.race([ask(router.engine), timeout, killed]);
    } catch (error) {
      if (error instanceof EngineError) {
        note(`${this.name} ${what}: ${error.code} ${error.message}`);
        if (OURS.includes(error.code)) violation(`${what}: ${error.code} ${error.message}`);
        return error;
      }
      if (isAlive && router.process?.isAlive === true) {
        violation(`${what}: ${String((error as Error).stack)}`);
      }
      note(`${this.name} ${what}: no answer, ${router.name} died`);
      return undefined;
    } finally {
      cancel();
    }
  }

  async #send(batch: readonly SimItem[]): Promise<void> {
    const { cluster, note, violation } = this.#parts;
    const ack = cluster.world.below(5) === 0 ? 'applied' : 'durable';
    const ids = batch.map(({ messageId }) => messageId).join(' ');
    note(`${this.name} sends ${ack} ${ids}`);
    const told = await this.call('ingest', (router) => router.ingest(batch, { ack, isImport: true }));
    if (told === undefined || told instanceof EngineError) {
      await this.#pause(cluster.world.below(200));
      return;
    }
    const refused = new Set<number>();
    for (const { index, code, message, retryable } of told.rejected) {
      refused.add(index);
      if (retryable !== true) violation(`${batch[index].messageId} was refused: ${code} ${message}`);
    }
    if (told.accepted + told.rejected.length !== batch.length) {
      violation(`of ${batch.length} items ${told.accepted} were accepted and ${told.rejected.length} refused`);
    }
    note(
      `${this.name} was told ${told.accepted} accepted, ${told.duplicates} known, ${[...told.rejected].map(({ index, code }) => `${batch[index].messageId} ${code}`).join()}`,
    );
    if (ack === 'durable')
      batch.forEach((item, i) => {
        if (!refused.has(i)) this.acknowledged.add(item);
      });
  }

  /** What was acknowledged is seen, through any router. */
  async #look(): Promise<void> {
    const { cluster, violation } = this.#parts;
    if (this.acknowledged.size === 0) return;
    const items = [...this.acknowledged];
    const item = items[cluster.world.below(items.length)];
    const identifier = primaryOf(item);
    const found = await this.call('lookup', async (router) => ({
      profile: await router.lookup(identifier, { events: EVENTS_MAX }),
    }));
    if (found === undefined || found instanceof EngineError) return;
    const fault = lacksOf(item, found.profile);
    if (fault !== undefined) violation(`${fault}, after it was acknowledged`);
  }
}

/** What the item comes under: the strongest of its identifiers. */
export function primaryOf({ type, userId, anonymousId, traits, context }: SimItem): Identifier {
  if (userId !== undefined) return { type: 'user_id', value: userId };
  if (type === 'identify' && typeof traits?.['email'] === 'string') return { type: 'email', value: traits['email'] };
  const [external] = (context?.['externalIds'] ?? []) as { readonly type: string; readonly id: string }[];
  return external === undefined
    ? { type: 'anonymous_id', value: anonymousId ?? '' }
    : { type: external.type, value: external.id };
}

/** What the profile should show of an item that came under one of its identifiers, and does not. */
export function lacksOf(item: SimItem, profile: Profile | undefined): string | undefined {
  const { type, value } = primaryOf(item);
  if (profile === undefined) return `${item.messageId}: nobody has ${type}:${value}`;
  if (item.type !== 'track') return undefined;
  const count = (profile.events ?? []).filter(({ messageId }) => messageId === item.messageId).length;
  return count === 1 ? undefined : `${item.messageId} is ${count} times in the profile of ${type}:${value}`;
}
