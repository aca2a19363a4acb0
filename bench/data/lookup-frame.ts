/** `get` frames of equal length in one buffer, so that a client sends any number of them with one write. */
import { pack } from 'msgpackr';
import { userIdText } from '../../src/generator/text.ts';
import { clientFrame } from './client-frame.ts';
import { writeDigits } from './event-frame.ts';

export type FrameEncoding = 'msgpack' | 'json';

const USER_PREFIX = 'user-';
const USER_DIGITS = 7;

export interface LookupFrames {
  readonly bytes: Buffer;
  readonly frameSize: number;
  readonly frameCount: number;
}

/** One frame per `idCount` draws, at most `frameCountMax`. */
export function encodeLookups(
  draws: Uint32Array,
  idCount: number,
  encoding: FrameEncoding,
  frameCountMax: number,
): LookupFrames {
  const ids = Array.from({ length: idCount }, () => userIdText(0));
  const message = { op: 'get', ref: 1, ids };
  const template =
    encoding === 'msgpack'
      ? clientFrame(pack({ ...message, format: 'json' }), true)
      : clientFrame(Buffer.from(JSON.stringify(message)), false);
  const digitsAt: number[] = [];
  for (let at = template.indexOf(USER_PREFIX); at >= 0; at = template.indexOf(USER_PREFIX, at + 1)) {
    digitsAt.push(at + USER_PREFIX.length);
  }
  const frameCount = Math.min(frameCountMax, Math.floor(draws.length / idCount));
  const bytes = Buffer.alloc(frameCount * template.length);
  for (let frame = 0; frame < frameCount; frame++) {
    const start = frame * template.length;
    bytes.set(template, start);
    for (let index = 0; index < idCount; index++) {
      writeDigits(bytes, start + digitsAt[index], USER_DIGITS, draws[frame * idCount + index]);
    }
  }
  return { bytes, frameSize: template.length, frameCount };
}
