/** A question as it comes in → checked and expanded, as `QuestionReader` does, where the names are known by other processes. */
import { checkQuestion, type ReadQuestion, readQuestion } from '../../engine/question-reader.ts';
import type { SegmentDefinitions } from '../../engine/segment-expansion.ts';
import type { QueryRequest } from '../../model/query.ts';
import type { GatheredNameCheck } from './name-check.ts';

export class GatheredQuestionReader {
  readonly #segments: SegmentDefinitions;
  readonly #names: GatheredNameCheck;

  constructor(segments: SegmentDefinitions, names: GatheredNameCheck) {
    this.#segments = segments;
    this.#names = names;
  }

  /** Errors: as of `checkQuestion` and `readQuestion`, and those of asking. */
  async read(json: QueryRequest): Promise<ReadQuestion> {
    const checked = checkQuestion(json);
    const warnings = await this.#names.ofRequest(checked.request, checked.text);
    return readQuestion(checked, warnings, this.#segments);
  }
}
