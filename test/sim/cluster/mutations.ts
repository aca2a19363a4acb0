/** What is taken out of the code, to see whether the simulation notices: each a text of a file, which is there once, and what takes its place. */
export interface Mutation {
  /** What is taken out, for the table of the README. */
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

const STEP_CALLS = 'src/cluster/serve/step-calls.ts';
const CLAIM = 'src/cluster/step/claim.ts';
const OUTBOX = 'src/cluster/step/outbox.ts';
const HOST = 'src/cluster/shard-host.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'deliver looks whether the part has come before',
    file: STEP_CALLS,
    text: 'if (number <= (own.data.arrived.get(origin) ?? 0)) continue;',
    instead: '',
  },
  {
    name: 'catch_up is waited for',
    file: HOST,
    text: "await this.#links.call(other.index, 'catch_up', { shard: index, arrived, life: this.#life });",
    instead:
      "this.#links.call(other.index, 'catch_up', { shard: index, arrived, life: this.#life }).catch(() => undefined);",
  },
  {
    name: "a claim's answer waits for the disk",
    file: CLAIM,
    text: 'if (!answer.isBusy && log.durableSeq < shard.appliedSeq) await log.durable(shard.appliedSeq);',
    instead: '',
  },
  {
    name: 'a claim locks',
    file: CLAIM,
    text: 'if (!locks.take(holder, [...texts, ...asked.map(textOf)], rows)) return BUSY;',
    instead: '',
  },
  {
    name: 'parts are delivered in order',
    file: OUTBOX,
    text: 'const deliveries = ready.map(({ origin, number, record }): Delivery => ({ origin, number, record }));',
    instead:
      'const deliveries = ready.map(({ origin, number, record }): Delivery => ({ origin, number, record })).reverse();',
  },
  {
    name: 'a part leaves when its record is durable',
    file: OUTBOX,
    text: 'return queue.filter(({ number }) => number <= this.#durableNumber);',
    instead: 'return [...queue];',
  },
  {
    name: 'what a shard tells of parts that arrived is on its disk',
    file: STEP_CALLS,
    text: 'await own.storage.log.durable(own.appliedSeq);\n      return number;',
    instead: 'return number;',
  },
  {
    name: 'a checkpoint waits for what was handed over',
    file: HOST,
    text: 'handedOver: () => wiring.outbox?.settled() ?? Promise.resolve(),',
    instead: 'handedOver: () => Promise.resolve(),',
  },
];
