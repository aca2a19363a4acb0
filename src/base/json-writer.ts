/**
 * Writes JSON as UTF-8 bytes into one growing buffer: texts are copied from where they lie, escaped where they must be,
 * and never become JavaScript strings. `mark` and `rollback` let a caller open an object and take it back when it stays empty.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = '0123456789abcdef';
const SHORT_ESCAPES: Readonly<Record<number, number>> = { 8: 0x62, 9: 0x74, 10: 0x6e, 12: 0x66, 13: 0x72 };

export class JsonWriter {
  bytes: Buffer;
  length = 0;

  constructor(capacityBytes = 4_096) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
  }

  reset(): void {
    this.length = 0;
  }

  get view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    let capacity = this.bytes.length * 2;
    while (capacity < this.length + extra) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** ASCII that needs no escaping: punctuation and the writer's own names. */
  ascii(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  raw(source: Uint8Array, start: number, size: number): void {
    this.reserve(size);
    this.bytes.set(source.subarray(start, start + size), this.length);
    this.length += size;
  }

  /** A JSON string from UTF-8 bytes. */
  text(source: Uint8Array, start: number, size: number): void {
    this.reserve(size * 6 + 2);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    const end = start + size;
    for (let i = start; i < end; i++) {
      const byte = source[i];
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
        bytes[at++] = byte;
      } else {
        at = this.#escape(at, byte);
      }
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  #escape(from: number, byte: number): number {
    const bytes = this.bytes;
    let at = from;
    bytes[at++] = BACKSLASH;
    if (byte === QUOTE || byte === BACKSLASH) {
      bytes[at++] = byte;
      return at;
    }
    const short = SHORT_ESCAPES[byte];
    if (short !== undefined) {
      bytes[at++] = short;
      return at;
    }
    bytes[at++] = 0x75;
    bytes[at++] = 0x30;
    bytes[at++] = 0x30;
    bytes[at++] = HEX.charCodeAt(byte >>> 4);
    bytes[at++] = HEX.charCodeAt(byte & 15);
    return at;
  }

  string(value: string): void {
    const encoded = Buffer.from(value, 'utf8');
    this.text(encoded, 0, encoded.length);
  }

  number(value: number): void {
    if (value >= 0 && value < 1e9 && Math.floor(value) === value) {
      this.#integer(value);
      return;
    }
    // JSON has no -0 sign worth keeping; String gives the shortest text that reads back the same.
    this.ascii(String(value));
  }

  #integer(value: number): void {
    this.reserve(10);
    let digits = 1;
    for (let limit = 10; value >= limit; limit *= 10) digits += 1;
    let at = this.length + digits;
    this.length = at;
    let rest = value;
    do {
      const next = Math.floor(rest / 10);
      this.bytes[--at] = 0x30 + (rest - next * 10);
      rest = next;
    } while (rest > 0);
  }
}
