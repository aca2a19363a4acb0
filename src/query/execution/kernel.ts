/**
 * Kernels: a scan's loop written as JavaScript for exactly the columns at hand, so that the compiler sees one typed-array
 * kind at each access, no calls and no tests that are known beforehand. The text depends on the shape only (which
 * kinds of columns, which kinds of tests); literals, bounds and views are arguments. So there are few texts, each is
 * compiled once per thread, and nothing that a caller wrote ever becomes code.
 *
 * A chunk decides its own kernel: rungs differ between chunks, and zone maps settle tests before the loop.
 */
import { CHUNK_SHIFT } from '../../memory/chunk-size.ts';
import { countOf, greatestCount, leastCount } from '../../memory/scaled-number.ts';
import type { CodeSelection, NumberSelection } from '../binder/formula.ts';
import { bucketTest } from '../binder/random-bucket.ts';
import {
  baseOf,
  type ColumnImage,
  chunkLength,
  ELEMENT_F64,
  ELEMENT_H16,
  elementOf,
  elementText,
  isPacked,
  MISSING,
  maxOf,
  minOf,
  packedChunk,
  SCALE,
  viewChunk,
} from './column-image.ts';
import { compareTerm } from './compare-term.ts';
import type { KernelText, Term } from './kernel-text.ts';
import type { Program } from './program.ts';
import { identityReader } from './random-access.ts';

type Kernel = (args: readonly unknown[]) => number;

const kernels = new Map<string, Kernel>();
/** Shapes that one process meets are few; the bound is against surprises. */
const KERNEL_COUNT_MAX = 2_000;

/** Collects the arguments of one chunk's kernel while its text is written. */
export class KernelBuilder implements KernelText {
  readonly slabs: readonly SharedArrayBuffer[];
  readonly chunk: number;
  /** Elements of this chunk. */
  readonly length: number;
  readonly #args: unknown[] = [];
  readonly #names = new Map<unknown, string>();

  /** `total`: visible elements of the table that is scanned. */
  constructor(slabs: readonly SharedArrayBuffer[], chunk: number, total: number) {
    this.slabs = slabs;
    this.chunk = chunk;
    this.length = chunkLength(chunk, total);
  }

  get firstIndex(): number {
    return this.chunk << CHUNK_SHIFT;
  }

  /** A name for the value in the kernel's text. Objects are passed once. */
  argument(value: unknown): string {
    const isShared = typeof value === 'object';
    const known = isShared ? this.#names.get(value) : undefined;
    if (known !== undefined) return known;
    const name = `a${this.#args.length}`;
    this.#args.push(value);
    if (isShared) this.#names.set(value, name);
    return name;
  }

  /** Name of the chunk's view of the column, undefined when it is missing throughout. Of rows and times see `element`. */
  view(image: ColumnImage): string | undefined {
    const known = this.#names.get(image);
    if (known !== undefined) return known;
    const view = isPacked(elementOf(image, this.chunk))
      ? packedChunk(this.slabs, image, this.chunk)
      : viewChunk(this.slabs, image, this.chunk, this.length);
    if (view === undefined) return undefined;
    const name = this.argument(view);
    this.#names.set(image, name);
    return name;
  }

  element(image: ColumnImage, index: string): string {
    return elementText(elementOf(image, this.chunk), this.view(image)!, index);
  }

  /** Time of element `i`. */
  time(times: ColumnImage): string {
    return `${this.argument(baseOf(times, this.chunk))}+${this.element(times, 'i')}`;
  }

  /** The program as a condition on element `i`. */
  term(program: Program): Term {
    switch (program.kind) {
      case 'constant':
        return program.value;
      case 'codes':
        return this.#codes(program.image, program.selection);
      case 'numbers':
        return this.#numbers(program.image, program.selection);
      case 'compare':
        return compareTerm(this, program);
      case 'random': {
        const { firstIndex } = this;
        const fits = bucketTest(program.bucket, identityReader(this.slabs, program.identities));
        return `${this.argument((i: number) => fits(firstIndex + i))}(i)`;
      }
      case 'not': {
        const part = this.term(program.of);
        return typeof part === 'boolean' ? !part : `!(${part})`;
      }
      default:
        return this.#join(program);
    }
  }

  #join({ kind, of }: Extract<Program, { kind: 'and' | 'or' }>): Term {
    const decisive = kind === 'or';
    const texts: string[] = [];
    for (const part of of) {
      const term = this.term(part);
      if (term === decisive) return decisive;
      if (typeof term === 'string') texts.push(`(${term})`);
    }
    return texts.length === 0 ? !decisive : texts.join(kind === 'and' ? '&&' : '||');
  }

  #codes(image: ColumnImage, selection: CodeSelection): Term {
    if (selection.kind === 'none') return false;
    const view = this.view(image);
    if (view === undefined) return false;
    if (selection.kind === 'any') return `${view}[i]!==0`;
    if (selection.kind === 'one') return `${view}[i]===${this.argument(selection.code)}`;
    return `${this.argument(selection.table)}[${view}[i]]!==0`;
  }

  #numbers(image: ColumnImage, selection: NumberSelection): Term {
    const element = elementOf(image, this.chunk);
    const view = this.view(image);
    if (view === undefined) return false;
    if (element === ELEMENT_F64) return this.#doubles(view, image, selection);
    const missing = MISSING[element];
    if (selection.kind === 'present') return `${view}[i]!==${missing}`;
    const isScaled = element >= ELEMENT_H16;
    const scale = SCALE[element];
    if (selection.kind === 'list') {
      const { values } = selection;
      // −0 is asked for as 0.
      return this.#integerList(view, missing, isScaled ? values.map((value) => countOf(value + 0, scale)) : values);
    }
    const min = Math.max(selection.min, minOf(image, this.chunk));
    const max = Math.min(selection.max, maxOf(image, this.chunk));
    const low = Math.max(isScaled ? leastCount(min, scale) : Math.ceil(min), missing + 1);
    const high = Math.min(isScaled ? greatestCount(max, scale) : Math.floor(max), -missing - 1);
    if (low > high) return false;
    if (low === high) return `${view}[i]===${this.argument(low)}`;
    return `((${view}[i]-${this.argument(low)})>>>0)<=${this.argument(high - low)}`;
  }

  #doubles(view: string, image: ColumnImage, selection: NumberSelection): Term {
    if (selection.kind === 'present') return `${view}[i]===${view}[i]`;
    if (selection.kind === 'list') return `${this.argument(new Set(selection.values))}.has(${view}[i])`;
    if (selection.min > maxOf(image, this.chunk) || selection.max < minOf(image, this.chunk)) return false;
    // Joined without a branch: which values fit is not to be predicted.
    return `((${view}[i]>=${this.argument(selection.min)})&(${view}[i]<=${this.argument(selection.max)}))!==0`;
  }

  #integerList(view: string, missing: number, values: Float64Array): Term {
    const fitting = values.filter((value) => Number.isInteger(value) && value > missing && value < -missing);
    if (fitting.length === 0) return false;
    if (fitting.length === 1) return `${view}[i]===${this.argument(fitting[0])}`;
    return `${this.argument(new Set(fitting))}.has(${view}[i])`;
  }

  /** Runs the text with the arguments gathered so far. The text sees `i` only where it declares it. */
  run(body: string): number {
    const names = this.#args.map((_, index) => `a${index}=args[${index}]`).join(',');
    const text = `"use strict";${names === '' ? '' : `const ${names};`}${body}`;
    let kernel = kernels.get(text);
    if (kernel === undefined) {
      if (kernels.size >= KERNEL_COUNT_MAX) kernels.clear();
      kernel = new Function('args', text) as Kernel;
      kernels.set(text, kernel);
    }
    return kernel(this.#args);
  }
}

/**
 * A loop that packs the condition on elements `0 … length − 1` into words: bit i of `words` (from `firstWord` on) = element i.
 * Without a branch per element (a boolean is shifted, not tested) and four elements a step: 1.3 ns an element against 4.
 * `wanted`: words that are 0 there are left alone, the others are cut to it.
 */
export function packingLoop(
  term: Term,
  length: number,
  words: string,
  firstWord: string,
  wanted?: string | undefined,
): string {
  const bit = (step: number): string => `{const i=from+j+${step};bits|=(${term})<<(j+${step});}`;
  const start = wanted === undefined ? '' : `const m=${wanted}[${firstWord}+w];if(m===0)continue;`;
  const end = `${words}[${firstWord}+w]=bits${wanted === undefined ? '' : '&m'};`;
  const whole = `for(let w=0;w<count;w++){${start}let bits=0;const from=w<<5;for(let j=0;j<32;j+=4){${[0, 1, 2, 3].map(bit).join('')}}${end}}`;
  if ((length & 31) === 0) return whole;
  const rest = `for(let w=count;w===count;w++){${start}let bits=0;const from=w<<5;for(let j=0;from+j<length;j++)${bit(0)}${end}}`;
  return whole + rest;
}
