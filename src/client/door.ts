/** One door of the server, a shard's or a router's: its line, and what goes over it. */
import type { RetryPolicy } from './attempt.ts';
import type { Answer } from './frame.ts';
import { ItemKind, type ItemTask } from './item-lane.ts';
import { errorOf, type KithError } from './kith-error.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { Line, type LineListener } from './line.ts';
import type { ClientSettings, ClientWarning } from './options.ts';
import { type Question, QuestionKind } from './question-lane.ts';
import type { ClientWorld } from './world.ts';

export type Task = ItemTask | Question;

export interface DoorOwner {
  doorOpened(door: Door): void;
  doorDown(door: Door, error: KithError): void;
  /** Nothing is under way any more. */
  doorIdle(door: Door): void;
  readmit(tasks: readonly Task[]): void;
  heardEpoch(epoch: number): void;
  warn(code: ClientWarning['code'], message: string, url: string): void;
}

/** What `stats()` tells of a door. */
export interface DoorStats {
  readonly url: string;
  readonly isOpen: boolean;
  /** Times that the connection was made, the first included. */
  readonly connectionCount: number;
  readonly queuedItemCount: number;
  readonly batchesInFlight: number;
  readonly batchesSent: number;
  readonly readsInFlight: number;
}

export class Door implements LineListener, LaneOwner<Task> {
  readonly httpUrl: string;
  /** No shard's door any more: it ends when nothing is under way. */
  isRetiring = false;
  readonly #line: Line;
  readonly #itemKind: ItemKind;
  readonly #items: Lane<ItemTask>;
  readonly #gets: Lane<Question>;
  readonly #queries: Lane<Question>;
  readonly #owner: DoorOwner;
  #hasFailed = false;
  #ref = 0;

  constructor(httpUrl: string, world: ClientWorld, settings: ClientSettings, policy: RetryPolicy, owner: DoorOwner) {
    this.httpUrl = httpUrl;
    this.#owner = owner;
    this.#line = new Line(httpUrl, world, settings, this);
    this.#itemKind = new ItemKind(settings, world, () => this.#items.pump());
    this.#items = new Lane<ItemTask>(this.#itemKind, this, policy, world);
    this.#gets = new Lane<Question>(new QuestionKind('get'), this, policy, world);
    this.#queries = new Lane<Question>(new QuestionKind('query'), this, policy, world);
  }

  get isOpen(): boolean {
    return this.#line.isOpen;
  }

  /** Open, or on its first dial: worth waiting for. */
  get isHopeful(): boolean {
    return !this.#hasFailed && !this.isRetiring;
  }

  dial(): void {
    this.#line.dial();
  }

  add(task: Task): void {
    if (task.kind === 'item') this.#items.add(task);
    else this.#questions(task).add(task);
  }

  /** They came before what is queued now. */
  putBack(tasks: readonly Task[]): void {
    const items: ItemTask[] = [];
    for (const task of tasks) {
      if (task.kind === 'item') items.push(task);
      else this.#questions(task).putBack([task]);
    }
    this.#items.putBack(items);
  }

  flush(): void {
    this.#itemKind.flush();
  }

  evacuate(): Task[] {
    return [...this.#items.evacuate(), ...this.#gets.evacuate(), ...this.#queries.evacuate()];
  }

  abandon(error: KithError): void {
    for (const lane of [this.#items, this.#gets, this.#queries]) lane.abandon(error);
  }

  close(isPolite: boolean): void {
    this.#line.close(isPolite);
  }

  get isIdle(): boolean {
    return [this.#items, this.#gets, this.#queries].every((lane) => lane.framesUnderWay === 0);
  }

  stats(): DoorStats {
    return {
      url: this.httpUrl,
      isOpen: this.isOpen,
      connectionCount: this.#line.openedCount,
      queuedItemCount: this.#items.queuedCount,
      batchesInFlight: this.#items.framesUnderWay,
      batchesSent: this.#items.frameCount,
      readsInFlight: this.#gets.framesUnderWay + this.#queries.framesUnderWay,
    };
  }

  nextRef(): number {
    this.#ref += 1;
    return this.#ref;
  }

  send(bytes: Uint8Array): void {
    this.#line.send(bytes);
  }

  readmit(tasks: readonly Task[]): void {
    this.#owner.readmit(tasks);
  }

  warnRefused(error: KithError): void {
    this.#owner.warn('refused', `${error.code}: ${error.message}; it is tried again`, this.httpUrl);
  }

  lineOpened(creditFrames: number): void {
    this.#hasFailed = false;
    for (const lane of [this.#items, this.#gets, this.#queries]) lane.lineOpened(creditFrames);
    this.#owner.doorOpened(this);
  }

  lineHeard(answer: Answer): void {
    if (typeof answer['epoch'] === 'number') this.#owner.heardEpoch(answer['epoch']);
    const ref = answer['ack'] ?? answer['ref'];
    const isOurs =
      typeof ref === 'number' &&
      (this.#items.heard(ref, answer) || this.#gets.heard(ref, answer) || this.#queries.heard(ref, answer));
    // An error that names no frame: what it was about is sent again when its answer is overdue.
    if (!isOurs && answer['error'] !== undefined) this.warnRefused(errorOf(answer['error']));
    if (this.isRetiring && this.isIdle) this.#owner.doorIdle(this);
  }

  lineDown(error: KithError, wasOpen: boolean): void {
    this.#hasFailed = true;
    for (const lane of [this.#items, this.#gets, this.#queries]) lane.lineDown(error);
    if (wasOpen) this.#owner.warn('connection_lost', error.message, this.httpUrl);
    this.#owner.doorDown(this, error);
  }

  oldestSentMs(): number | undefined {
    const items = this.#items.oldestSentMs();
    const gets = this.#gets.oldestSentMs();
    return items === undefined || gets === undefined ? (items ?? gets) : Math.min(items, gets);
  }

  #questions(question: Question): Lane<Question> {
    return question.kind === 'get' ? this.#gets : this.#queries;
  }
}
