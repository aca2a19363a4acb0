/**
 * A data file as a stream of text: gzip is told by its first bytes, other encodings are decoded, and the bytes read are
 * counted before they are unpacked, so that progress is right for `.gz` too. `-` is standard input. Bytes that are no text in the
 * file's encoding become U+FFFD, and the rows that hold it are refused: a name with a hole in it would stay so for ever.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../model/error.ts';
import { Utf8Check } from './utf8-check.ts';

export interface FileSource {
  /** UTF-8 bytes. */
  readonly stream: Readable;
  /** Compressed bytes taken so far. */
  readonly readSizeBytes: () => number;
  /** Once there were such bytes, what a row with U+FFFD in it is refused with. */
  readonly textFault: () => EngineError | undefined;
}

export const STANDARD_INPUT = '-';

/** Errors: invalid_request when the file cannot be opened, invalid_mapping for an unknown encoding. */
export async function openFileSource(path: string, encoding: string | undefined): Promise<FileSource> {
  const raw: Readable = path === STANDARD_INPUT ? process.stdin : createReadStream(path, { highWaterMark: 256 * 1024 });
  const isGzip = path === STANDARD_INPUT ? false : await startsAsGzip(path);
  let sizeBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const steps: Transform[] = [counter];
  if (isGzip) steps.push(createGunzip());
  let fault: EngineError | undefined;
  const onBroken = (): void => {
    fault ??= new EngineError(
      'invalid_value',
      `there are bytes that are not ${encoding ?? 'utf-8'}; --encoding names another: windows-1252, utf-16le …`,
    );
  };
  steps.push(isUtf8Name(encoding) ? checker(onBroken) : decoder(encoding, onBroken));
  let stream = raw;
  for (const step of steps) {
    const before = stream;
    before.on('error', (error) => step.destroy(error));
    step.on('close', () => before.destroy());
    stream = before.pipe(step);
  }
  return { stream, readSizeBytes: () => sizeBytes, textFault: () => fault };
}

export function isUtf8Name(encoding: string | undefined): encoding is undefined | 'utf-8' {
  return encoding === undefined || /^utf-?8$/i.test(encoding);
}

function checker(onBroken: () => void): Transform {
  const check = new Utf8Check();
  return new Transform({
    transform: (chunk: Buffer, _, done) => {
      if (!check.isBroken && !check.takes(chunk)) onBroken();
      done(null, chunk);
    },
    flush: (done) => {
      if (!check.ends()) onBroken();
      done();
    },
  });
}

function decoder(encoding: string, onBroken: () => void): Transform {
  let textDecoder: TextDecoder;
  try {
    textDecoder = new TextDecoder(encoding);
  } catch {
    throw new EngineError(
      'invalid_mapping',
      `unknown encoding ${JSON.stringify(encoding)}; try utf-8, windows-1252 or utf-16le`,
    );
  }
  const checked = (text: string): Buffer => {
    if (text.includes('\uFFFD')) onBroken();
    return Buffer.from(text);
  };
  return new Transform({
    transform: (chunk: Buffer, _, done) => done(null, checked(textDecoder.decode(chunk, { stream: true }))),
    flush: (done) => done(null, checked(textDecoder.decode())),
  });
}

async function startsAsGzip(path: string): Promise<boolean> {
  const file = await openOrRefuse(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

async function openOrRefuse(path: string): ReturnType<typeof open> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new EngineError('invalid_request', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export interface FileIdentity {
  readonly sizeBytes: number;
  /** Hash of the bytes on disk; the same content under another name is the same file. */
  readonly fingerprint: string;
}

/** One pass over the file: the price for message ids that no change of name or date can double. */
export async function identifyFile(path: string): Promise<FileIdentity> {
  const file = await openOrRefuse(path);
  await file.close();
  const { size } = await stat(path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return { sizeBytes: size, fingerprint: hash.digest('hex').slice(0, 32) };
}

/** What a broken stream means to a person. */
export function streamError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('Z_'))
    return new EngineError('malformed_gzip', `${path}: ${(error as Error).message}`, { cause: error });
  return error;
}
