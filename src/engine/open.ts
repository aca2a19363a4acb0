/**
 * The library: `import { open } from 'kith'` gives the whole engine inside a Node program.
 *
 * ```ts
 * const engine = await open({ data: './data' });
 * await engine.ingest([{ type: 'track', userId: 'u1', event: 'Order Completed', properties: { total: 12.5 } }]);
 * engine.lookup({ type: 'user_id', value: 'u1' });
 * await engine.query({ where: 'did "Order Completed" at least 1 times in last 7d', as: 'count' });
 * await engine.close();
 * ```
 */
import { Directory } from '../router/directory.ts';
import { assemble } from './assembly.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import type { Engine } from './engine.ts';
import { checkOpenOptions, type OpenOptions } from './open-options.ts';

export { EngineError, type ErrorCode } from '../model/error.ts';
export type { Expression } from '../model/expression.ts';
export type { TracedTrait, TraitChange, TraitHistory, TraitHistoryRequest } from '../model/history.ts';
export type { AckLevel, IngestOptions, IngestResult, RejectedItem } from '../model/ingest.ts';
export type { Identifier, LookupOptions, Profile, ProfileEvent } from '../model/profile.ts';
export type { QueryAnswer, QueryRequest } from '../model/query.ts';
export type { CompletionAnswer, CompletionRequest, Schema, SchemaNarrowing } from '../model/schema.ts';
export type { Segment, SegmentRequest, SegmentSaved } from '../model/segment.ts';
export type { Value } from '../model/value.ts';
export type { Engine, EngineStats } from './engine.ts';
export type { OpenOptions } from './open-options.ts';

export async function open(options: OpenOptions = {}): Promise<Engine> {
  checkOpenOptions(options);
  const data = options.data ?? './data';
  const isOnDisk = options.storage === undefined && data !== ':memory:';
  const folder = isOnDisk ? openDataFolder(data, options.shards) : undefined;
  try {
    return await openEngine(options, folder);
  } catch (error) {
    folder?.release();
    throw error;
  }
}

async function openEngine(options: OpenOptions, folder: DataFolder | undefined): Promise<Engine> {
  const count = folder?.shardCount ?? options.shards ?? 1;
  const { engine } = await assemble(options, folder, {
    indexes: Array.from({ length: count }, (_, index) => index),
    shardCount: count,
    directory: (shards) => new Directory(shards),
  });
  return engine;
}
