/**
 * What the client takes from the world: time, chance, sockets and one HTTP request. Tests give another world and need neither sleep nor
 * network.
 */

export interface ClientClock {
  /** Ms since the epoch. */
  nowMs(): number;
  /** Ms that never go back. */
  monotonicMs(): number;
  /** Calls `act` once; the returned function calls it off. */
  after(delayMs: number, act: () => void): () => void;
}

export interface SocketEvents {
  opened(): void;
  /** A frame, as bytes. */
  heard(bytes: Uint8Array): void;
  /** Anything that shows the other side to be alive, such as a ping. */
  alive(): void;
  /** The last event. `code`: of the WebSocket close, or the HTTP status of a refused upgrade, 0 = neither. */
  closed(code: number, reason: string, body?: unknown): void;
}

export interface ClientSocket {
  send(bytes: Uint8Array): void;
  /** Says goodbye when `isPolite`, else cuts. */
  close(isPolite: boolean): void;
}

export type Dial = (url: string, key: string | undefined, events: SocketEvents) => ClientSocket;

export interface ClientWorld {
  readonly clock: ClientClock;
  /** From 0 to below 1. */
  random(): number;
  messageId(): string;
  readonly dial: Dial;
  /** The JSON of a GET; throws `KithError`. */
  fetchJson(url: string, key: string | undefined, timeoutMs: number): Promise<unknown>;
}
