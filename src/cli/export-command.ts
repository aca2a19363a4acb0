/** `kith export`: all profiles as NDJSON, streamed through; the server sends no faster than the file takes. */
import { EngineError } from '../model/error.ts';
import type { Client } from './client.ts';
import { OutputFile } from './output-file.ts';
import { formatCount, Progress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface ExportOptions {
  readonly events?: boolean | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly output?: string | undefined;
  readonly json?: boolean | undefined;
}

const NEWLINE = 0x0a;

export async function runExport(options: ExportOptions, client: Client, terminal: Terminal): Promise<void> {
  const query = new URLSearchParams();
  if (options.events) query.set('events', '1');
  if (options.fields !== undefined) query.set('fields', options.fields.join(','));
  const response = await client.send(`/v1/export${query.size === 0 ? '' : `?${query}`}`);
  const output = new OutputFile(options.output, terminal);
  const isStandardOutput = options.output === undefined || options.output === '-';
  const progress = new Progress(terminal, { unit: 'profiles', total: 0, isQuiet: isStandardOutput });
  let count = 0;
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) count++;
      await output.writeBytes(chunk);
      progress.update(0, count);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const message = `the server broke the export off after ${formatCount(count)} profiles; the output is not whole`;
    throw new EngineError('internal', message, { cause: error });
  } finally {
    progress.stop();
    await output.close(isStandardOutput);
  }
  if (isStandardOutput) return;
  if (options.json) terminal.stdout.write(`${JSON.stringify({ profiles: count, output: options.output })}\n`);
  else terminal.stderr.write(`${formatCount(count)} profiles in ${options.output}\n`);
}
