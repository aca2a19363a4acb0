/** Generated items into an engine in the same process, as msgpack frames, with a bound on what waits for the disk. */
import { Packr } from 'msgpackr';
import type { Engine } from '../../src/engine/engine.ts';
import type { IngestResult } from '../../src/model/ingest.ts';
import { BenchError } from '../process/bench-error.ts';

const ITEMS_PER_FRAME = 500;
const FRAMES_IN_FLIGHT = 32;

export class FrameFeeder {
  readonly #engine: Engine;
  readonly #packr = new Packr({ useRecords: false, variableMapSize: true });
  #inFlight: Promise<IngestResult>[] = [];
  #items: unknown[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Resolves when all is durable. Throws when the engine refuses an item. */
  async feed(items: Iterable<unknown>): Promise<void> {
    for (const item of items) {
      this.#items.push(item);
      if (this.#items.length < ITEMS_PER_FRAME) continue;
      this.#send();
      if (this.#inFlight.length >= FRAMES_IN_FLIGHT) await this.#settle();
    }
    if (this.#items.length > 0) this.#send();
    await this.#settle();
  }

  #send(): void {
    const outcome = this.#engine.ingestFrame(this.#packr.pack({ op: 'import', ack: 'durable', batch: this.#items }));
    if (outcome.kind !== 'ingest') throw new BenchError('the engine did not take a frame of events for one');
    this.#inFlight.push(outcome.result);
    this.#items = [];
  }

  async #settle(): Promise<void> {
    const results = await Promise.all(this.#inFlight);
    this.#inFlight = [];
    for (const { rejected } of results) {
      if (rejected.length > 0) throw new BenchError(`the engine refused a generated item: ${rejected[0].message}`);
    }
  }
}
