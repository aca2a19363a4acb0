/** Program: puts one turn of load on a server and answers with what it counted. */
import { answer, endProgram, readConfig } from '../process/program-entry.ts';
import { type IngestLoadConfig, runIngestLoad } from './ingest-load.ts';
import { type LookupLoadConfig, runLookupLoad } from './lookup-load.ts';
import { runXaddLoad, type XaddLoadConfig } from './xadd-load.ts';

const config = readConfig<LookupLoadConfig | IngestLoadConfig | XaddLoadConfig>();
if (config.kind === 'lookup') answer(await runLookupLoad(config));
else if (config.kind === 'ingest') answer(await runIngestLoad(config));
else answer(await runXaddLoad(config));
endProgram();
