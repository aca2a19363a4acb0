/** An account as JSON bytes: `{"id","traits","first_seen","last_seen","people"}`. Offers what answers need of a renderer of profiles. */
import type { JsonWriter } from '../../base/json-writer.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { ProfileRenderer } from '../../profile/profile-renderer.ts';
import type { ShardData } from '../../profile/shard-data.ts';

const USUAL: readonly string[] = ['traits', 'first_seen', 'last_seen'];
const PEOPLE = 'people';

export class AccountRenderer {
  readonly #renderer: ProfileRenderer;
  readonly #peopleCountOf: (account: number) => number;
  // Result of the last render.
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  constructor(data: ShardData, peopleCountOf: (account: number) => number) {
    this.#renderer = new ProfileRenderer(data);
    this.#peopleCountOf = peopleCountOf;
  }

  render(row: number, options: LookupOptions = {}): void {
    const { fields } = options;
    const kept = fields?.filter((field) => field !== PEOPLE) ?? USUAL;
    this.#renderer.render(row, { fields: kept });
    const { bytes, start, end } = this.#renderer;
    const hasPeople = fields === undefined || fields.includes(PEOPLE);
    const tail = hasPeople ? `,"${PEOPLE}":${this.#peopleCountOf(row)}}` : '}';
    this.bytes = Buffer.concat([bytes.subarray(start, end - 1), Buffer.from(tail)]);
    this.start = 0;
    this.end = this.bytes.length;
  }

  writeId(writer: JsonWriter, row: number): void {
    this.#renderer.writeId(writer, row);
  }

  idOf(row: number): string {
    return this.#renderer.idOf(row);
  }
}
