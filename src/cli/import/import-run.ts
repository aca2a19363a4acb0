/**
 * The loop over the rows of one file, and everything that has to be put right when it ends, however it ends: answers still
 * under way, the state file, the file of refused rows.
 */
import { once } from 'node:events';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { EngineError } from '../../model/error.ts';
import type { Client } from '../client.ts';
import { Progress } from '../progress.ts';
import type { Terminal } from '../terminal.ts';
import { BatchSender } from './batch-sender.ts';
import { type ImportState, writeState } from './import-state.ts';
import type { Mapping } from './mapping.ts';
import type { FileRow } from './row.ts';
import { Tally, type TallyState } from './tally.ts';

export interface ImportOptions {
  readonly format?: 'csv' | 'ndjson' | undefined;
  readonly mapping: Mapping;
  readonly delimiter?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly encoding?: string | undefined;
  readonly isRelaxed?: boolean | undefined;
  readonly batchCount: number;
  readonly laneCount: number;
  readonly isGzip: boolean;
  readonly isRestart: boolean;
  readonly isQuiet: boolean;
  readonly stateFolder?: string | undefined;
  readonly rejectsPath?: string | undefined;
}

export interface RowItems {
  readonly laneKey: string;
  readonly texts: readonly string[];
}
/** Undefined = the row is passed over. Throws an EngineError for a refused row. */
export type ToItems<Row> = (values: Row, row: number) => RowItems | undefined;

const SAVE_INTERVAL_MS = 500;

export interface RunPlace {
  readonly stateFile: string | undefined;
  readonly key: string;
  readonly before: ImportState | undefined;
  readonly totalBytes: number;
}

export class ImportRun {
  readonly #terminal: Terminal;
  readonly #place: RunPlace;
  readonly #tally: Tally;
  readonly #sender: BatchSender;
  readonly #progress: Progress;
  readonly #rejects: WriteStream | undefined;
  readonly #unsubscribe: () => void;
  #savedMs: number;
  #row: number;
  #isRead = false;
  isStopped = false;

  constructor(options: ImportOptions, client: Client, terminal: Terminal, place: RunPlace) {
    this.#terminal = terminal;
    this.#place = place;
    this.#tally = new Tally(place.before?.tally);
    this.#row = place.before?.row ?? 0;
    this.#savedMs = terminal.nowMs();
    const { laneCount, batchCount, isGzip } = options;
    this.#sender = new BatchSender(
      {
        client,
        laneCount,
        batchCount,
        isGzip,
        onOutcome: (outcome) => {
          this.#tally.accept(outcome.accepted, outcome.duplicates);
          for (const { item, code, message } of outcome.rejected) {
            this.#tally.refuse({ row: item.row, code, message, item: item.text });
          }
        },
      },
      this.#row,
    );
    this.#progress = new Progress(terminal, { unit: 'rows', total: place.totalBytes, isQuiet: options.isQuiet });
    if (options.rejectsPath !== undefined) {
      this.#rejects = openRejects(options.rejectsPath, place.before === undefined ? 'w' : 'a');
    }
    this.#unsubscribe = terminal.onStop(() => {
      this.isStopped = true;
    });
  }

  /** Row that the next run goes on after. */
  get ackedRow(): number {
    return this.#sender.ackedRow;
  }

  get tally(): TallyState {
    return this.#tally.state;
  }

  async read<Row>(
    rows: AsyncIterable<FileRow<Row>>,
    toItems: ToItems<Row>,
    readSizeBytes: () => number,
  ): Promise<void> {
    const startRow = this.#row;
    // Before the first row is sent: a state that cannot be kept should be known now.
    await this.#save(false);
    for await (const row of rows) {
      if (this.isStopped) break;
      if (row.number <= startRow) {
        this.#progress.update(readSizeBytes(), row.number);
        continue;
      }
      await this.#take(row, toItems);
      if ((row.number & 0xff) === 0) {
        this.#progress.update(readSizeBytes(), row.number);
        if (this.#terminal.nowMs() - this.#savedMs >= SAVE_INTERVAL_MS) await this.#save(false);
      }
    }
    await this.#sender.finish();
    await this.#save(!this.isStopped);
    this.#isRead = true;
  }

  async #take<Row>(row: FileRow<Row>, toItems: ToItems<Row>): Promise<void> {
    this.#row = row.number;
    this.#tally.read(row.number);
    const items = this.#itemsOf(row, toItems);
    await this.#sender.add(row.number, items?.laneKey ?? '', items?.texts ?? []);
  }

  #itemsOf<Row>(row: FileRow<Row>, toItems: ToItems<Row>): RowItems | undefined {
    if (row.error !== undefined) {
      this.#tally.refuse({ row: row.number, code: row.error.code, message: row.error.message });
      return undefined;
    }
    try {
      const items = toItems(row.values, row.number);
      if (items === undefined) this.#tally.skip(row.number);
      return items;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#tally.refuse({ row: row.number, code: error.code, message: error.message });
      return undefined;
    }
  }

  async #save(isDone: boolean): Promise<void> {
    this.#savedMs = this.#terminal.nowMs();
    const row = this.#sender.ackedRow;
    for (const refusal of this.#tally.settle(row)) {
      const item = refusal.item === undefined ? undefined : (JSON.parse(refusal.item) as unknown);
      this.#rejects?.write(`${JSON.stringify({ ...refusal, item })}\n`);
    }
    const { stateFile, key } = this.#place;
    if (stateFile === undefined) return;
    await writeState(stateFile, { version: 1, key, row, isDone, tally: this.#tally.state });
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    this.#progress.stop();
    await this.#sender.settle();
    // A run that failed keeps what was answered until then.
    if (!this.#isRead) await this.#save(false);
    if (this.#rejects === undefined) return;
    this.#rejects.end();
    await once(this.#rejects, 'close');
  }
}

function openRejects(path: string, flags: 'w' | 'a'): WriteStream {
  try {
    return createWriteStream(path, { fd: openSync(path, flags) });
  } catch (error) {
    throw new EngineError('invalid_request', `cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}
