/**
 * The client: takes calls, gives them to doors, and settles each exactly once.
 *
 * Keeps: a call that was taken is settled: by the server's word, or by an error when its time is up or the client is closed. What is taken and
 * not settled is bounded; past the bound callers wait. A retry carries the same messageId, so it is stored once.
 */
import type { LookupOptions, Profile } from '../model/profile.ts';
import type { QueryAnswer, QueryRequest } from '../model/query.ts';
import { type Attempt, RetryPolicy } from './attempt.ts';
import type {
  AliasCall,
  GroupCall,
  IdentifyCall,
  Item,
  ItemOutcome,
  PageCall,
  Receipt,
  ScreenCall,
  TrackCall,
} from './call.ts';
import { CallEpochs } from './call-epochs.ts';
import type { DoorStats, Task } from './door.ts';
import { Doors } from './doors.ts';
import { type Answer, encodeMessage } from './frame.ts';
import { Gate } from './gate.ts';
import { type EncodedItem, encodeItem } from './item-encoding.ts';
import { KithError } from './kith-error.ts';
import { type Address, type GetRequest, Lookups } from './lookups.ts';
import type { ClientSettings } from './options.ts';
import type { ClientWorld } from './world.ts';

export interface ClientStats {
  /** Whether the door of the url given is open. */
  readonly isConnected: boolean;
  /** `direct` = people's items and lookups go to the shards' own doors. */
  readonly routing: 'direct' | 'router';
  /** Of the map that routes; undefined = none. */
  readonly epoch: number | undefined;
  /** Taken, not yet settled. */
  readonly bufferedItemCount: number;
  readonly bufferedBytes: number;
  /** Calls that wait for room in the buffer. */
  readonly waitingCount: number;
  readonly acceptedCount: number;
  readonly refusedCount: number;
  /** Items that came to a door again, after a refusal or a lost connection. */
  readonly retriedCount: number;
  readonly pendingReadCount: number;
  /** The first is that of the url given. */
  readonly doors: readonly DoorStats[];
}

export interface CloseOptions {
  /** What is not acknowledged by then is rejected with `client_closed`. Absent = until all is settled, which `retryForMs` bounds. */
  readonly waitMs?: number | undefined;
}

type Settle = (error: KithError | undefined) => void;

export class KithClient {
  readonly #settings: ClientSettings;
  readonly #world: ClientWorld;
  readonly #doors: Doors;
  readonly #buffer: Gate;
  readonly #reads: Gate;
  readonly #lookups: Lookups;
  readonly #epochs = new CallEpochs();
  #serial = 0;
  #acceptedCount = 0;
  #refusedCount = 0;
  #closing: Promise<void> | undefined;
  #isClosed = false;

  /** Errors: unauthorized, forbidden, unreachable. */
  static async open(settings: ClientSettings, world: ClientWorld): Promise<KithClient> {
    const client = new KithClient(settings, world);
    await client.#doors.open();
    return client;
  }

  private constructor(settings: ClientSettings, world: ClientWorld) {
    this.#settings = settings;
    this.#world = world;
    this.#doors = new Doors(settings, world, new RetryPolicy(world, settings));
    this.#lookups = new Lookups({
      doorNameOf: (slot) => this.#doors.of(slot).httpUrl,
      ask: (request) => this.#askFor(request),
    });
    this.#buffer = new Gate(settings.maxBufferedItems, settings.maxBufferedBytes);
    this.#reads = new Gate(settings.maxPendingReads, Number.POSITIVE_INFINITY);
  }

  /** Something happened. Resolves when it is stored as the ack level says; rejects with `KithError` when it was refused. */
  track(call: TrackCall): Promise<Receipt> {
    return this.#call('track', call);
  }

  /** Who somebody is: traits and identifiers. */
  identify(call: IdentifyCall): Promise<Receipt> {
    return this.#call('identify', call);
  }

  page(call: PageCall): Promise<Receipt> {
    return this.#call('page', call);
  }

  screen(call: ScreenCall): Promise<Receipt> {
    return this.#call('screen', call);
  }

  /** Somebody belongs to an account. */
  group(call: GroupCall): Promise<Receipt> {
    return this.#call('group', call);
  }

  /** Two user ids are one person. */
  alias(call: AliasCall): Promise<Receipt> {
    return this.#call('alias', call);
  }

  /** Many at once, each with its own outcome, in the same order. The items must stay unchanged until it resolves. */
  async send(items: readonly Item[]): Promise<ItemOutcome[]> {
    this.#requireOpen();
    const end = this.#epochs.begin();
    const outcomes = new Array<ItemOutcome>(items.length);
    await new Promise<void>((resolve) => {
      let openCount = 1;
      const close = (): void => {
        openCount -= 1;
        if (openCount === 0) resolve();
      };
      const refuse = (index: number, error: KithError): void => {
        outcomes[index] = { status: 'refused', messageId: error.messageId, error };
      };
      const sendAll = async (): Promise<void> => {
        for (const [index, one] of items.entries()) {
          let item: EncodedItem;
          try {
            item = this.#encode(one, undefined);
          } catch (error) {
            refuse(index, toKithError(error));
            continue;
          }
          openCount += 1;
          const settle: Settle = (error) => {
            if (error !== undefined) refuse(index, error);
            else outcomes[index] = { status: 'accepted', messageId: item.messageId };
            close();
          };
          const entered = this.#submit(item, settle);
          if (entered !== undefined) await entered;
        }
      };
      sendAll().then(close);
    });
    end();
    return outcomes;
  }

  /** Undefined = nobody has that identifier. */
  async get(id: Address, options: LookupOptions = {}): Promise<Profile | undefined> {
    this.#requireOpen();
    if (!this.#reads.tryEnter(0)) await this.#reads.wait(0);
    try {
      return await this.#lookups.get(id, options);
    } finally {
      this.#reads.leave(0);
    }
  }

  /** In the order asked for. */
  getMany(ids: readonly Address[], options: LookupOptions = {}): Promise<(Profile | undefined)[]> {
    return Promise.all(ids.map((id) => this.get(id, options)));
  }

  /** Everything that `POST /v1/query` takes. */
  async query(request: QueryRequest): Promise<QueryAnswer> {
    this.#requireOpen();
    try {
      encodeMessage('query', { ...request });
    } catch (cause) {
      throw new KithError('invalid_request', 'the question cannot be written as msgpack', { cause });
    }
    if (!this.#reads.tryEnter(0)) await this.#reads.wait(0);
    try {
      return await new Promise<QueryAnswer>((resolve, reject) => {
        this.#route({
          ...this.#attempt(undefined),
          kind: 'query',
          fields: { ...request },
          resolve: (answer) => resolve(queryAnswerOf(answer)),
          reject,
        });
      });
    } finally {
      this.#reads.leave(0);
    }
  }

  /** Sends what waits for company, and resolves when everything taken before is settled, well or not. */
  async flush(): Promise<void> {
    this.#doors.flush();
    await this.#epochs.settled();
  }

  /** Takes nothing more, waits for what was taken, and ends the connections. Lookups and queries under way are rejected. */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  stats(): ClientStats {
    return {
      isConnected: this.#doors.isConnected,
      routing: this.#doors.isDirect ? 'direct' : 'router',
      epoch: this.#doors.epoch,
      bufferedItemCount: this.#buffer.count,
      bufferedBytes: this.#buffer.bytes,
      waitingCount: this.#buffer.waitingCount,
      acceptedCount: this.#acceptedCount,
      refusedCount: this.#refusedCount,
      retriedCount: this.#doors.retriedCount,
      pendingReadCount: this.#reads.count,
      doors: this.#doors.stats(),
    };
  }

  async #call(type: string, call: unknown): Promise<Receipt> {
    this.#requireOpen();
    const item = this.#encode(call, type);
    const end = this.#epochs.begin();
    try {
      await new Promise<void>((resolve, reject) => {
        this.#submit(item, (error) => (error === undefined ? resolve() : reject(error)));
      });
    } finally {
      end();
    }
    return { messageId: item.messageId };
  }

  #encode(call: unknown, type: string | undefined): EncodedItem {
    return encodeItem(this.#world, this.#settings.batch.maxBytes, call, type);
  }

  /** Gives a promise when the buffer is full: it resolves when the item has been taken. */
  #submit(item: EncodedItem, settle: Settle): Promise<void> | undefined {
    const sizeBytes = item.bytes.length;
    if (this.#buffer.tryEnter(sizeBytes)) {
      this.#enter(item, settle);
      return undefined;
    }
    return this.#buffer.wait(sizeBytes).then(
      () => this.#enter(item, settle),
      (error: unknown) => settle(toKithError(error)),
    );
  }

  #enter({ bytes, messageId, slot }: EncodedItem, settle: Settle): void {
    const leave = (error: KithError | undefined): void => {
      if (error === undefined) this.#acceptedCount += 1;
      else this.#refusedCount += 1;
      settle(error);
      this.#buffer.leave(bytes.length);
    };
    this.#route({
      ...this.#attempt(slot),
      kind: 'item',
      bytes,
      messageId,
      resolve: () => leave(undefined),
      reject: (error) => leave(withMessageId(error, messageId)),
    });
  }

  #attempt(slot: number | undefined): Omit<Attempt, 'reject'> {
    this.#serial += 1;
    return { serial: this.#serial, slot, failureCount: 0, lossCount: 0, failingSinceMs: undefined };
  }

  #route(task: Task): void {
    if (this.#isClosed) task.reject(closedError());
    else this.#doors.of(task.slot).add(task);
  }

  async #close({ waitMs }: CloseOptions): Promise<void> {
    this.#doors.flush();
    const settled = this.#epochs.settled();
    if (waitMs === undefined) await settled;
    else {
      await new Promise<void>((resolve) => {
        const cancel = this.#world.clock.after(waitMs, resolve);
        settled.then(() => {
          cancel();
          resolve();
        });
      });
    }
    this.#isClosed = true;
    const error = closedError();
    this.#buffer.refuseWaiting(error);
    this.#reads.refuseWaiting(error);
    this.#doors.close(error);
    await settled;
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }

  // What lookups need.

  #askFor({ fields, slot, resolve, reject }: GetRequest): void {
    this.#route({ ...this.#attempt(slot), kind: 'get', fields, resolve, reject });
  }
}

function queryAnswerOf(answer: Answer): QueryAnswer {
  const { ref: _ref, epoch: _epoch, ...body } = answer;
  return body as Omit<Answer, 'ref'> & QueryAnswer;
}

function closedError(): KithError {
  return new KithError('client_closed', 'the client is closed');
}

function toKithError(error: unknown): KithError {
  return error instanceof KithError ? error : new KithError('internal', String(error), { cause: error });
}

function withMessageId(error: KithError, messageId: string): KithError {
  if (error.messageId !== undefined) return error;
  const { details, retryAfterMs, cause } = error;
  return new KithError(error.code, error.message, { details, retryAfterMs, messageId, cause });
}
