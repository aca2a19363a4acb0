/**
 * Many kills on one data folder: start, judge, load, kill at some moment, again. At the end everything that is owed is sent,
 * and the state must be the one of an engine that was never killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { open } from '../../src/engine/open.ts';
import { type KithOptions, KithProcess } from '../process/kith-process.ts';
import { type Random, randomOf } from '../process/seed.ts';
import { Sender } from './sender.ts';
import { judge } from './verdict.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly data: string;
  readonly shardCount: number;
  readonly roundCount: number;
  readonly flags?: readonly string[] | undefined;
}

export interface CampaignReport {
  /** Processes that were killed. */
  readonly killCount: number;
  /** Of these, before they listened. */
  readonly recoveryKillCount: number;
  /** Of these, while a checkpoint was being written. */
  readonly checkpointKillCount: number;
  readonly ackedItemCount: number;
  readonly resentBatchCount: number;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const campaign = new Campaign(options);
  await campaign.run();
  return campaign.report();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #random: Random;
  readonly #senders: readonly Sender[];
  readonly #kith: KithOptions;
  #killCount = 0;
  #recoveryKillCount = 0;
  #checkpointKillCount = 0;
  #resentBatchCount = 0;
  /** From the spawn to the ready line, as seen last: recovery kills fall into it. */
  #startMs = 300;

  constructor(options: CampaignOptions) {
    this.#options = options;
    const random = randomOf(options.seed);
    this.#random = random;
    this.#kith = { data: options.data, flags: ['--shards', String(options.shardCount), ...(options.flags ?? [])] };
    this.#senders = [
      new Sender({ name: 'pack', wire: 'msgpack', random: random.fork() }),
      new Sender({ name: 'text', wire: 'json', random: random.fork() }),
      new Sender({ name: 'post', wire: 'http', random: random.fork() }),
      new Sender({ name: 'lossy', wire: 'msgpack', random: random.fork(), isLossy: true }),
    ];
  }

  async run(): Promise<void> {
    for (let round = 0; round < this.#options.roundCount; round += 1) {
      try {
        await this.#round();
      } catch (error) {
        throw new Error(`round ${round}, seed ${this.#options.seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    await this.#end();
  }

  report(): CampaignReport {
    const acked = this.#senders.flatMap(({ batches }) => batches.filter(({ isAcked }) => isAcked));
    return {
      killCount: this.#killCount,
      recoveryKillCount: this.#recoveryKillCount,
      checkpointKillCount: this.#checkpointKillCount,
      ackedItemCount: acked.reduce((sum, { deeds }) => sum + deeds.length, 0),
      resentBatchCount: this.#resentBatchCount,
    };
  }

  async #round(): Promise<void> {
    while (this.#random.chance(30)) await this.#killDuringRecovery();
    const kith = await this.#start();
    await judge(kith, this.#senders);
    if (this.#random.chance(25)) {
      const hash = await kith.stateHash();
      await this.#kill(kith);
      await this.#loadAndKill(await this.#startAgain(hash));
    } else await this.#loadAndKill(kith);
  }

  /** Recovery is the same every time. */
  async #startAgain(hash: string): Promise<KithProcess> {
    const kith = await this.#start();
    expect(await kith.stateHash()).toBe(hash);
    return kith;
  }

  async #start(): Promise<KithProcess> {
    const startedMs = performance.now();
    const kith = await KithProcess.start(this.#kith);
    this.#startMs = performance.now() - startedMs;
    return kith;
  }

  async #kill(kith: KithProcess): Promise<void> {
    expect(await kith.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    this.#killCount += 1;
  }

  async #killDuringRecovery(): Promise<void> {
    const kith = KithProcess.spawn(this.#kith);
    const moment = delay(this.#startMs * (0.5 + this.#random.below(500) / 1_000));
    const isListening = await Promise.race([kith.listening.then(() => true), moment.then(() => false)]);
    if (!isListening) this.#recoveryKillCount += 1;
    await this.#kill(kith);
  }

  /** Kills after some acks, or some milliseconds, with or without a checkpoint under way. */
  async #loadAndKill(kith: KithProcess): Promise<void> {
    const random = this.#random;
    for (const { isLossy, batches } of this.#senders) {
      if (!isLossy) this.#resentBatchCount += batches.filter(({ isSent, isAcked }) => isSent && !isAcked).length;
    }
    const sending = Promise.all(this.#senders.map((sender) => sender.run(kith.url)));
    // A refused batch ends the round at once.
    const failed = sending.then(() => {
      if (kith.isAlive) throw new Error('the senders ended before the server');
    });
    await Promise.race([this.#acks(random.below(random.chance(70) ? 25 : 120)), failed]);
    if (random.chance(40)) {
      let isWriting = true;
      const checkpoint = kith.post('/v1/admin/checkpoint', '').then(
        () => {
          isWriting = false;
        },
        () => undefined,
      );
      await Promise.race([delay(random.below(12)), checkpoint, failed]);
      if (isWriting) this.#checkpointKillCount += 1;
    } else if (random.chance(50)) await Promise.race([delay(random.below(20)), failed]);
    await this.#kill(kith);
    await sending;
  }

  #acks(count: number): Promise<void> {
    let left = count;
    return new Promise((resolve) => {
      if (left === 0) resolve();
      for (const sender of this.#senders) {
        sender.onAck = () => {
          left -= 1;
          if (left === 0) resolve();
        };
      }
    });
  }

  async #end(): Promise<void> {
    const { data } = this.#options;
    const kith = await this.#start();
    // What a sender gave up on stays as it is now.
    const found = await judge(kith, this.#senders);
    await Promise.all(this.#senders.map((sender) => sender.run(kith.url, 3)));
    const all = await judge(kith, this.#senders);
    const reference = await this.#referenceHash(new Set([...found, ...all]));
    const hash = await kith.stateHash();
    expect({ data, hash }).toEqual({ data, hash: reference });
    await this.#kill(kith);
    const again = await this.#startAgain(hash);
    expect(await again.stop()).toEqual({ code: 0, signal: null });
    const last = await this.#startAgain(hash);
    await judge(last, this.#senders);
    await last.kill();
  }

  /** Of an engine that got every batch once; of the batches that were given up, the items that made it. */
  async #referenceHash(found: ReadonlySet<string>): Promise<string> {
    const engine = await open({ data: ':memory:', shards: 1 });
    try {
      for (const { batches, isLossy } of this.#senders) {
        for (const { deeds } of batches) {
          const items = deeds.map(({ item }) => item).filter(({ messageId }) => !isLossy || found.has(messageId));
          if (items.length > 0) await engine.ingest(items, { ack: 'applied' });
        }
      }
      return engine.stateHash();
    } finally {
      await engine.close();
    }
  }
}
