/** The world of a real process. */
import { randomUUID } from 'node:crypto';
import { fetchJson } from './http-json.ts';
import { dialWebSocket } from './web-socket.ts';
import type { ClientWorld } from './world.ts';

export const systemWorld: ClientWorld = {
  clock: {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, act) {
      const timer = setTimeout(act, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: () => Math.random(),
  messageId: () => randomUUID(),
  dial: dialWebSocket,
  fetchJson,
};
