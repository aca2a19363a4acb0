/**
 * Names of a question that nobody ever sent, where the shards are other processes. Says what the engine in one process says. Nobody is
 * asked about names that were found before.
 */
import { mergeNearest, mergeUnknown } from '../../engine/name-lookup.ts';
import { NameMemory, NameReport } from '../../engine/name-report.ts';
import type { NamedThing } from '../../engine/name-walk.ts';
import type { Expression } from '../../model/expression.ts';
import type { QueryWarning } from '../../model/query.ts';
import type { CheckedRequest } from '../../query/parser/check-request.ts';

/** Every shard's answer, in the order of the shards: of `unknownNames` and `nearestNames`. */
export interface NameShards {
  unknown(names: readonly NamedThing[]): Promise<readonly (readonly number[])[]>;
  nearest(names: readonly NamedThing[]): Promise<readonly (readonly (string | null)[])[]>;
}

export class GatheredNameCheck {
  readonly #shards: NameShards;
  readonly #memory = new NameMemory();

  constructor(shards: NameShards) {
    this.#shards = shards;
  }

  /** `text`: the condition as it was written, if it was. */
  async ofRequest(request: CheckedRequest, text: string | undefined): Promise<readonly QueryWarning[]> {
    return this.#warnings(NameReport.ofRequest(this.#memory, request, text));
  }

  async ofExpression(expression: Expression, text: string | undefined): Promise<readonly QueryWarning[]> {
    return this.#warnings(NameReport.ofExpression(this.#memory, expression, text));
  }

  async #warnings(report: NameReport): Promise<readonly QueryWarning[]> {
    const { names } = report;
    if (names.length === 0) return [];
    const wanting = report.learn(mergeUnknown(await this.#shards.unknown(names)));
    if (wanting.length === 0) return [];
    return report.warnings(mergeNearest(wanting, await this.#shards.nearest(wanting)));
  }
}
