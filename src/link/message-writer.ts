/** The messages of a link as bytes (`message.ts` says what is in them), in memory that many of them share: each is to be sent before the next is made. */
import { ANSWER, CANCEL, ERROR, HELLO, NOTIFY, PROTOCOL_NAME, PROTOCOL_VERSION, REQUEST } from './message.ts';
import { ValueWriter } from './value-writer.ts';

/** Errors of all: payload_too_large; AssertionError for what has no form on the wire. */
export class MessageWriter {
  readonly #writer: ValueWriter;

  constructor(sizeBytesMax: number) {
    this.#writer = new ValueWriter(sizeBytesMax);
  }

  /** The last message was copied. */
  reuse(): void {
    this.#writer.reuse();
  }

  hello(): Uint8Array {
    const writer = this.#begin(3, HELLO);
    writer.text(PROTOCOL_NAME);
    writer.number(PROTOCOL_VERSION);
    return writer.end();
  }

  request(id: number, method: string, timeoutMs: number | undefined, args: unknown): Uint8Array {
    const writer = this.#begin(5, REQUEST);
    writer.number(id);
    writer.text(method);
    if (timeoutMs === undefined) writer.nil();
    else writer.number(timeoutMs);
    writer.value(args);
    return writer.end();
  }

  answer(id: number, result: unknown): Uint8Array {
    const writer = this.#begin(3, ANSWER);
    writer.number(id);
    writer.value(result);
    return writer.end();
  }

  error(id: number, wire: Record<string, unknown>): Uint8Array {
    const writer = this.#begin(3, ERROR);
    writer.number(id);
    writer.value(wire);
    return writer.end();
  }

  cancel(id: number): Uint8Array {
    const writer = this.#begin(2, CANCEL);
    writer.number(id);
    return writer.end();
  }

  notification(method: string, args: unknown): Uint8Array {
    const writer = this.#begin(3, NOTIFY);
    writer.text(method);
    writer.value(args);
    return writer.end();
  }

  #begin(length: number, kind: number): ValueWriter {
    const writer = this.#writer;
    writer.begin();
    writer.arrayHeader(length);
    writer.number(kind);
    return writer;
  }
}
