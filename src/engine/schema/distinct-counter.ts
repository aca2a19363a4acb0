/**
 * How many distinct values were added: exact up to 65,536 (by a 53-bit fingerprint each), beyond by HyperLogLog
 * (Flajolet and others, 2007) with 16,384 registers, whose standard error is 0.8 %. Adding a value again changes nothing, and
 * counting in parts that are added to each other tells the same as counting at one place.
 */
import { assert } from '../../base/assert.ts';
import { mix32, murmur32, xxh32 } from '../../base/hash.ts';
import type { Slices } from './slices.ts';

const EXACT_MAX = 65_536;
const FIRST_TABLE_SIZE = 1_024;
const REGISTER_BITS = 14;
const REGISTER_COUNT = 1 << REGISTER_BITS;
const SEED = 0x5eed;
const FINGERPRINT_SIZE_BYTES = 8;
const ENTRIES_PER_LOOK = 4_096;

const TRUE_BYTES = Uint8Array.of(0xff, 1);
const FALSE_BYTES = Uint8Array.of(0xff, 0);

const scratch = new Float64Array(1);
const halves = new Uint32Array(scratch.buffer);

/** What one place counted. Fingerprints: 8 bytes each, f64 as memory has it, in no order; or the registers, once they are too many. */
export type DistinctPart = { readonly fingerprints: Uint8Array } | { readonly registers: Uint8Array };

export class DistinctCounter {
  /** Fingerprints while exact; 0 = free. */
  #table: Float64Array | undefined;
  #registers: Uint8Array | undefined;
  #count = 0;

  get isExact(): boolean {
    return this.#registers === undefined;
  }

  get count(): number {
    return this.#registers === undefined ? this.#count : estimate(this.#registers);
  }

  addNumber(value: number): void {
    // −0 is 0.
    scratch[0] = value + 0;
    const [low, high] = halves;
    // Two halves that nothing ties together: one chooses a register, the other its rank.
    this.#add(mix32(low ^ mix32(high ^ SEED)), mix32(Math.imul(low, 0x9e37_79b1) ^ mix32(high + 0x7f4a_7c15)));
  }

  addBytes(bytes: Uint8Array, start: number, size: number): void {
    this.#add(xxh32(bytes, start, size, SEED), murmur32(bytes, start, size, SEED));
  }

  addBoolean(value: boolean): void {
    // Bytes that are no text.
    this.addBytes(value ? TRUE_BYTES : FALSE_BYTES, 0, 2);
  }

  /** Counts what another place counted, in slices. */
  async add(part: DistinctPart, slices: Slices): Promise<void> {
    if ('registers' in part) {
      assert(part.registers.length === REGISTER_COUNT, 'registers of another layout');
      const registers = this.#registers ?? this.#estimateFrom(this.#table);
      for (let i = 0; i < REGISTER_COUNT; i++) if (part.registers[i] > registers[i]) registers[i] = part.registers[i];
      return;
    }
    const fingerprints = aligned(part.fingerprints);
    for (let i = 0; i < fingerprints.length; i++) {
      if (i % ENTRIES_PER_LOOK === 0 && slices.isDue) await slices.pause();
      this.#addFingerprint(fingerprints[i]);
    }
  }

  toPart(): DistinctPart {
    if (this.#registers !== undefined) return { registers: this.#registers.slice() };
    const fingerprints = new Float64Array(this.#count);
    let at = 0;
    for (const fingerprint of this.#table ?? []) if (fingerprint !== 0) fingerprints[at++] = fingerprint;
    return { fingerprints: new Uint8Array(fingerprints.buffer) };
  }

  #add(a: number, b: number): void {
    if (this.#registers !== undefined) addToRegisters(this.#registers, a, b);
    else this.#addFingerprint(a * 0x20_0000 + (b >>> 11) + 1);
  }

  #addFingerprint(fingerprint: number): void {
    if (this.#registers !== undefined) {
      register(this.#registers, fingerprint);
      return;
    }
    this.#table ??= new Float64Array(FIRST_TABLE_SIZE);
    if (!insert(this.#table, fingerprint)) return;
    this.#count += 1;
    if (this.#count > EXACT_MAX) this.#estimateFrom(this.#table);
    else if (2 * this.#count > this.#table.length) this.#table = grown(this.#table);
  }

  #estimateFrom(table: Float64Array | undefined): Uint8Array {
    const registers = new Uint8Array(REGISTER_COUNT);
    for (const fingerprint of table ?? []) if (fingerprint !== 0) register(registers, fingerprint);
    this.#registers = registers;
    this.#table = undefined;
    return registers;
  }
}

/** As f64: what came over a connection begins anywhere. */
function aligned(bytes: Uint8Array): Float64Array {
  assert(bytes.length % FINGERPRINT_SIZE_BYTES === 0, 'half a fingerprint');
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Float64Array(copy.buffer);
}

/** As it would have been had it not been counted exactly before. */
function register(registers: Uint8Array, fingerprint: number): void {
  const a = Math.floor((fingerprint - 1) / 0x20_0000);
  addToRegisters(registers, a, (fingerprint - 1 - a * 0x20_0000) << 11);
}

/** Open addressing; false when it is there already. The slot is taken from the fingerprint's upper half. */
function insert(table: Float64Array, fingerprint: number): boolean {
  const mask = table.length - 1;
  let at = Math.floor((fingerprint - 1) / 0x20_0000) & mask;
  while (table[at] !== 0) {
    if (table[at] === fingerprint) return false;
    at = (at + 1) & mask;
  }
  table[at] = fingerprint;
  return true;
}

function grown(table: Float64Array): Float64Array {
  const larger = new Float64Array(4 * table.length);
  for (const fingerprint of table) if (fingerprint !== 0) insert(larger, fingerprint);
  return larger;
}

/** The register comes from one half, the rank from the other: its 21 upper bits, the same however the value was added. */
function addToRegisters(registers: Uint8Array, a: number, b: number): void {
  const at = a >>> (32 - REGISTER_BITS);
  const rank = Math.min(Math.clz32(b & ~0x7ff), 21) + 1;
  if (rank > registers[at]) registers[at] = rank;
}

function estimate(registers: Uint8Array): number {
  let sum = 0;
  let emptyCount = 0;
  for (const rank of registers) {
    sum += 2 ** -rank;
    if (rank === 0) emptyCount += 1;
  }
  const raw = ((0.7213 / (1 + 1.079 / REGISTER_COUNT)) * REGISTER_COUNT ** 2) / sum;
  const isSmall = raw <= 2.5 * REGISTER_COUNT && emptyCount > 0;
  return Math.round(isSmall ? REGISTER_COUNT * Math.log(REGISTER_COUNT / emptyCount) : raw);
}
