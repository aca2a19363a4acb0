/** What is asked of everybody: this shard's part of it. Gathering is the asker's. */
import type { FurtherAsk } from '../../engine/answer/further.ts';
import type { PartRequest, PartServer } from '../../engine/answer/part-server.ts';
import { type CompletionAsk, completionParts } from '../../engine/completion/completion-part.ts';
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import { exportPage } from '../../engine/export-page.ts';
import { nearestNames, unknownNames } from '../../engine/name-lookup.ts';
import type { NamedThing } from '../../engine/name-walk.ts';
import { type SchemaPage, schemaOutline, schemaPart } from '../../engine/schema/schema-part.ts';
import { Slices } from '../../engine/schema/slices.ts';
import { stateHashPart } from '../../engine/state-hash.ts';
import type { Handlers } from '../../link/peer.ts';
import type { ExportOptions } from '../../model/profile.ts';
import type { SchemaNarrowing } from '../../model/schema.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Shard } from '../../shard/shard.ts';

export interface PopulationCallsParts {
  readonly own: Shard;
  readonly engine: EmbeddedEngine;
  readonly partServer: PartServer;
  readonly clock: Clock;
  readonly assertServing: () => void;
}

export function populationCalls(parts: PopulationCallsParts): Handlers {
  const { own, engine, partServer, clock, assertServing } = parts;
  const shards = [own];
  return {
    part_open: (args, { signal }) => {
      assertServing();
      return partServer.open(args as PartRequest, signal);
    },
    part_further: (args, { signal }) => {
      const { handle, ask } = args as { handle: number; ask: FurtherAsk };
      return partServer.further(handle, ask, signal);
    },
    part_close: (args) => {
      partServer.close((args as { handle: number }).handle);
      return null;
    },
    schema_outline: () => {
      assertServing();
      return schemaOutline(shards);
    },
    schema_part: (args, { signal }) => {
      const { narrowing, page } = args as { narrowing: SchemaNarrowing; page: SchemaPage };
      return schemaPart(shards, new Slices(clock, signal), narrowing, page);
    },
    completion: async (args, { signal }) => {
      assertServing();
      const found = await completionParts(shards, args as CompletionAsk, new Slices(clock, signal));
      return found;
    },
    names_unknown: (args) => {
      assertServing();
      return unknownNames(shards, args as readonly NamedThing[]);
    },
    names_nearest: (args) => nearestNames(shards, args as readonly NamedThing[]),
    export_page: (args) => {
      assertServing();
      const { fromRow, options } = args as { fromRow: number; options: ExportOptions };
      return exportPage(own, fromRow, options);
    },
    state_hash: () => {
      assertServing();
      return stateHashPart(shards);
    },
    stats: () => engine.stats(),
    checkpoint: () => {
      assertServing();
      return engine.checkpoint();
    },
  };
}
