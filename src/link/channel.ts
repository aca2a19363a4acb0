/** The contract of a channel: whole messages, in order, between two ends. What carries them is a Unix, TCP or TLS socket, or memory. */

export interface Channel {
  /**
   * True: the bytes were copied and are the sender's again; false: they are taken over, and the sender must not write to them again. Several
   * sends of one turn leave in one write. After the channel has closed it does nothing.
   */
  send(message: Uint8Array): boolean;
  /** Bytes accepted and not yet taken by the system; whoever sends much waits when it is above a bound of his. */
  readonly bufferedBytes: number;
  /** One handler, set once; what comes earlier waits for it. The bytes are good until the end of the turn: who keeps them copies. */
  onMessage(handler: (message: Uint8Array) => void): void;
  /** One handler, set once: bytes that had to wait were taken. */
  onDrain(handler: () => void): void;
  /** One handler, set once, called once in a later turn, whichever end closed; `undefined` = closed in order. */
  onClose(handler: (error: Error | undefined) => void): void;
  /** What was sent still leaves if the other end takes it; what arrives from here on is dropped. */
  close(): void;
}
