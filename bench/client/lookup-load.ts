/**
 * Looks profiles up over WebSockets as fast as they are answered: on each connection `framesInFlight` frames are under
 * way, and for every answer the next is sent. Answers are counted by their headers; their bytes are added up, so that a
 * server that answers less than it is asked for shows.
 */
import { readDraws } from '../data/draws.ts';
import { encodeLookups, type FrameEncoding } from '../data/lookup-frame.ts';
import type { ClientTurn } from '../load-turn.ts';
import { TurnMeter } from './turn-meter.ts';
import { openWebSocket, type StreamAddress } from './web-socket.ts';

export interface LookupLoadConfig {
  readonly kind: 'lookup';
  readonly address: StreamAddress;
  readonly drawsPath: string;
  /** Where in the draws to begin, so that turns ask for different users. */
  readonly turn: number;
  readonly encoding: FrameEncoding;
  readonly idCount: number;
  readonly connectionCount: number;
  readonly framesInFlight: number;
  readonly warmMs: number;
  readonly turnMs: number;
}

/** 16 MB of frames, a million draws: more than any cache in the server keeps. */
const FRAME_COUNT_MAX = 1 << 16;

export async function runLookupLoad(config: LookupLoadConfig): Promise<ClientTurn> {
  const { idCount, connectionCount, framesInFlight } = config;
  const { bytes, frameSize, frameCount } = encodeLookups(
    readDraws(config.drawsPath),
    idCount,
    config.encoding,
    FRAME_COUNT_MAX,
  );
  const meter = new TurnMeter(config);
  let nextFrame = (config.turn * 9_973) % frameCount;
  let openCount = connectionCount;
  let payloadBytes = 0;
  let finished = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    finished = resolve;
  });

  const lanes = await Promise.all(
    Array.from({ length: connectionCount }, async () => {
      const lane = {
        /** Sending times of the frames under way, a ring: answers come in order. */
        sentAtMs: new Float64Array(framesInFlight),
        oldest: 0,
        inFlight: 0,
        answered: 0,
        isEnded: false,
        send(count: number, nowMs: number): void {
          for (let sent = 0; sent < count; ) {
            const run = Math.min(count - sent, frameCount - nextFrame);
            socket.write(bytes.subarray(nextFrame * frameSize, (nextFrame + run) * frameSize));
            nextFrame = (nextFrame + run) % frameCount;
            sent += run;
          }
          for (let index = 0; index < count; index++) {
            this.sentAtMs[(this.oldest + this.inFlight++) % framesInFlight] = nowMs;
          }
        },
        end(): void {
          if (this.isEnded) return;
          this.isEnded = true;
          payloadBytes += reader.payloadBytes - greetingBytes;
          if (--openCount === 0) finished();
        },
      };
      let isScheduled = false;
      const { socket, reader } = await openWebSocket({
        address: config.address,
        keepsPayload: false,
        onFrame: () => {
          lane.answered += 1;
          // Once per piece of input, not per frame: what became free is asked for again with one write.
          if (isScheduled) return;
          isScheduled = true;
          queueMicrotask(() => {
            isScheduled = false;
            onAnswers();
          });
        },
        onEnd: (reason) => {
          if (!lane.isEnded) meter.fault(reason);
          lane.end();
        },
      });
      const greetingBytes = reader.payloadBytes;
      const onAnswers = (): void => {
        const nowMs = performance.now();
        const { answered } = lane;
        lane.answered = 0;
        for (let index = 0; index < answered; index++) {
          meter.record(lane.sentAtMs[lane.oldest], nowMs, idCount);
          lane.oldest = (lane.oldest + 1) % framesInFlight;
        }
        lane.inFlight -= answered;
        if (!meter.isOver(nowMs)) lane.send(answered, nowMs);
        else if (lane.inFlight === 0) lane.end();
      };
      return { lane, socket };
    }),
  );

  meter.start();
  for (const { lane } of lanes) lane.send(framesInFlight, performance.now());
  await end;
  for (const { socket } of lanes) socket.destroy();
  return meter.turn(payloadBytes);
}
