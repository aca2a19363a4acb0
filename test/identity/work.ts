/** What identities cost, in counts and not in time: records and commands in the logs, and rows of events that were ever written. */
import { EventTape } from '../../src/ingest/event-tape.ts';
import { ItemScanner } from '../../src/ingest/item-scanner.ts';
import { KnownNames } from '../../src/ingest/known-name.ts';
import { NameInterner } from '../../src/ingest/name-interner.ts';
import { NO_INGEST_LIMITS } from '../../src/model/limits.ts';
import type { IdentityCommand } from '../../src/shard/identity-command.ts';
import { decodeRecord, ROUTE_JOIN_VISITOR } from '../../src/shard/record.ts';
import { Shard } from '../../src/shard/shard.ts';
import type { Host } from './host.ts';

export interface Work {
  readonly records: number;
  readonly logSizeBytes: number;
  /** Identity commands, by kind; with merges, those that items brought about by themselves. */
  readonly commands: Readonly<Partial<Record<IdentityCommand['kind'], number>>>;
  /** Rows of events and calls, those too that merges and moves left behind. */
  readonly rows: number;
  readonly journalRows: number;
}

/** Reads the logs, and replays them: rows are as they were written. */
export function workOf({ storages }: Host): Work {
  let records = 0;
  let logSizeBytes = 0;
  let rows = 0;
  let journalRows = 0;
  const commands: Partial<Record<IdentityCommand['kind'], number>> = {};
  const count = ({ kind }: IdentityCommand): void => {
    commands[kind] = (commands[kind] ?? 0) + 1;
  };
  const names = new NameInterner(Number.POSITIVE_INFINITY);
  const scanner = (): ItemScanner =>
    new ItemScanner(new EventTape(), names, new KnownNames(names), NO_INGEST_LIMITS, 1);
  const parcelScanner = scanner();
  const options = { names, hashSeed: 1, dedup: { windowMs: 1, count: 2 }, cacheSizeBytes: 0, parcelScanner };
  storages.forEach((storage, index) => {
    for (const { record } of storage.log.read(0)) {
      records += 1;
      logSizeBytes += record.length;
      const decoded = decodeRecord(record);
      if (decoded.kind === 'identity') count(decoded.command);
      else {
        for (const list of decoded.commands.values()) list.forEach(count);
        for (const route of decoded.routes) {
          if ((route & ROUTE_JOIN_VISITOR) !== 0) commands.merge = (commands.merge ?? 0) + 1;
        }
      }
    }
    const { data } = Shard.open(index, storage, options, scanner());
    for (const table of [...data.tables, data.history]) rows += table.eventCount;
    journalRows += data.journal.eventCount;
  });
  return { records, logSizeBytes, commands, rows, journalRows };
}
