/** Names of a question that nobody ever sent, where all shards are in this process. */
import type { Expression } from '../model/expression.ts';
import type { QueryWarning } from '../model/query.ts';
import type { CheckedRequest } from '../query/parser/check-request.ts';
import type { Shard } from '../shard/shard.ts';
import { nearestNames, unknownNames } from './name-lookup.ts';
import { NameMemory, NameReport } from './name-report.ts';

export class NameCheck {
  readonly #shards: readonly Shard[];
  readonly #memory = new NameMemory();

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
  }

  /** `text`: the condition as it was written, if it was. */
  ofRequest(request: CheckedRequest, text: string | undefined): readonly QueryWarning[] {
    return this.#warnings(NameReport.ofRequest(this.#memory, request, text));
  }

  ofExpression(expression: Expression, text: string | undefined): readonly QueryWarning[] {
    return this.#warnings(NameReport.ofExpression(this.#memory, expression, text));
  }

  #warnings(report: NameReport): readonly QueryWarning[] {
    if (report.names.length === 0) return [];
    const wanting = report.learn(unknownNames(this.#shards, report.names));
    return wanting.length === 0 ? [] : report.warnings(nearestNames(this.#shards, wanting));
  }
}
