/** Program: the least that an HTTP server can do: whatever is asked, the same bytes with the same headers. */
import { readFileSync } from 'node:fs';
import { createApp, listenOn } from '../../src/server/transport/transport.ts';
import { answer, readConfig } from '../process/program-entry.ts';

export interface BareHttpConfig {
  readonly bodyPath: string;
}

const body = new Uint8Array(readFileSync(readConfig<BareHttpConfig>().bodyPath));
const app = createApp(undefined);
app.any('/*', (response) => {
  response.writeHeader('content-type', 'application/json').end(body);
});
const { port } = await listenOn(app, '127.0.0.1', 0);
answer({ port });
