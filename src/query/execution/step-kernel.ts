/**
 * The loop over profiles of a sequence or a funnel, written out as JavaScript for the tables and steps at hand: cursors, heads and the
 * state of each step are locals, so that the compiler keeps them in registers. Three times as fast as the general loop (`event-steps.ts`), which
 * stays for shapes that would make too long a text. As in `kernel.ts`, the text depends on the shape only; no literal is in it.
 */
import { EventMerge, firstAt } from './event-merge.ts';
import type { StepTables } from './event-steps.ts';
import { KernelBuilder } from './kernel.ts';

const SOURCE_COUNT_MAX = 8;
const STEP_COUNT_MAX = 8;

export function hasKernel({ sources, useSteps, stepTables }: StepTables): boolean {
  return (
    sources.length <= SOURCE_COUNT_MAX && stepTables.length <= STEP_COUNT_MAX && useSteps.length <= 2 * STEP_COUNT_MAX
  );
}

/** What is written into the loop; texts see `row`, `m` (time of the event), `pos` (its position), and `limit`. */
export interface StepTexts {
  /** Locals of a row, before its first event. `limit` is how many steps, from the first on, have any event. */
  readonly begin: string;
  /** An event that fits the step's own condition; `index`: text of its index in its table. */
  readonly offer: (step: number, index: string) => string;
  readonly bar: (step: number) => string;
  /** After the last event, or after `break events`. */
  readonly end: string;
}

export interface RowRange {
  readonly first: number;
  readonly end: number;
  /** Only these rows; absent = all. */
  readonly members: Uint32Array | undefined;
}

/** Arguments and texts of one scan; `run` for each stretch of rows. */
export class StepKernel {
  readonly builder: KernelBuilder;
  readonly #tables: StepTables;
  readonly #merge: EventMerge;
  /** Cursors of the sources whose next events are at one instant; −1 for the others. */
  readonly #tied: Int32Array;

  constructor(tables: StepTables, slabs: readonly SharedArrayBuffer[]) {
    this.builder = new KernelBuilder(slabs, 0, 0);
    this.#tables = tables;
    this.#merge = new EventMerge(tables.sources, tables.arrivals, slabs);
    this.#tied = new Int32Array(tables.sources.length);
  }

  run({ first, end, members }: RowRange, texts: StepTexts): void {
    const { builder } = this;
    const words = members === undefined ? undefined : builder.argument(members);
    const isMember = words === undefined ? '' : `if(((${words}[row>>>5]>>>(row&31))&1)===0)continue;`;
    builder.run(
      `const first=${builder.argument(first)},last=${builder.argument(end)};` +
        `for(let row=first;row<last;row++){${isMember}${this.#open()}${texts.begin}let pos=0;` +
        `events:for(;;){${this.#pick()}${this.#events(texts)}pos++;}${texts.end}}return 0;`,
    );
  }

  /** Cursors and ends of each source, what the window leaves of them, the limit, and the heads. */
  #open(): string {
    const { builder } = this;
    const { sources } = this.#tables;
    let text = '';
    sources.forEach(({ runs, fromMs, untilMs }, s) => {
      const offsets = builder.argument(runs.offsets);
      const times = builder.argument(runs.timesMs);
      const isThere = `row<${builder.argument(runs.rowCount)}`;
      text += `let c${s}=0,e${s}=0;if(${isThere}){c${s}=${offsets}[row];e${s}=${offsets}[row+1];`;
      const find = (at: string): string => `${builder.argument(firstAt)}(${times},c${s},e${s},${at})`;
      if (fromMs !== -Infinity) {
        const from = builder.argument(fromMs);
        text += `if(c${s}<e${s}&&${times}[c${s}]<${from})c${s}=${find(from)};`;
      }
      if (untilMs !== Infinity) {
        const until = builder.argument(untilMs);
        text += `if(c${s}<e${s}&&${times}[e${s}-1]>=${until})e${s}=${find(until)};`;
      }
      text += '}';
    });
    text += `const limit=${this.#limit()};if(limit===0)continue;`;
    const firstSteps = this.#firstSteps();
    sources.forEach(({ runs, table }, s) => {
      const times = builder.argument(runs.timesMs);
      text += `let h${s}=c${s}<e${s}&&limit>${firstSteps[table]}?${times}[c${s}]:Infinity;`;
    });
    return text;
  }

  #limit(): string {
    const { sources, stepTables } = this.#tables;
    let text = String(stepTables.length);
    for (let step = stepTables.length - 1; step >= 0; step--) {
      const empty = sources.flatMap(({ table }, s) => (table === stepTables[step] ? [`c${s}===e${s}`] : []));
      text = `${empty.join('&&')}?${step}:${text}`;
    }
    return text;
  }

  /** Per table, the first step that it is used for. */
  #firstSteps(): number[] {
    const { arrivals, useStarts, useSteps } = this.#tables;
    return arrivals.map((_, table) => Math.min(...useSteps.subarray(useStarts[table], useStarts[table + 1])));
  }

  /** `m`: the time of the next event; `s`: its source. */
  #pick(): string {
    const { sources } = this.#tables;
    if (sources.length === 1) return 'const m=h0;if(m===Infinity)break;';
    const { builder } = this;
    let text = 'let m=h0,s=0,tied=0;';
    for (let s = 1; s < sources.length; s++) text += `if(h${s}<=m){tied=h${s}===m?1:0;m=h${s};s=${s};}`;
    const tied = builder.argument(this.#tied);
    const cursors = sources.map((_, s) => `${tied}[${s}]=h${s}===m?c${s}:-1;`).join('');
    const earliest = builder.argument((): number => this.#merge.earliest(this.#tied));
    return `${text}if(m===Infinity)break;if(tied!==0){${cursors}s=${earliest}();}`;
  }

  #events(texts: StepTexts): string {
    const { sources } = this.#tables;
    const bodies = sources.map(({ runs, table }, s) => {
      const times = this.builder.argument(runs.timesMs);
      const next = `c${s}++;h${s}=c${s}<e${s}?${times}[c${s}]:Infinity;`;
      return `${this.#uses(s, table, texts)}${next}`;
    });
    if (bodies.length === 1) return bodies[0];
    return bodies.map((body, s) => (s === bodies.length - 1 ? `{${body}}` : `if(s===${s}){${body}}else `)).join('');
  }

  #uses(source: number, table: number, texts: StepTexts): string {
    const { builder } = this;
    const { sources, useStarts, useSteps, useBars, useBits, bits } = this.#tables;
    const index = `${builder.argument(sources[source].runs.indexes)}[c${source}]`;
    let text = '';
    for (let use = useStarts[table]; use < useStarts[table + 1]; use++) {
      const step = useSteps[use];
      const statement = useBars[use] !== 0 ? texts.bar(step) : texts.offer(step, index);
      if (useBits[use] < 0) {
        text += `{${statement}}`;
        continue;
      }
      const words = builder.argument(bits[useBits[use]]);
      text += `{const x=${index};if(((${words}[x>>>5]>>>(x&31))&1)!==0){${statement}}}`;
    }
    return text;
  }
}
