/** Joins what others know to the profiles that there are. Makes no profile, attaches no identifier; is on disk when it resolves. */

import {
  ENRICHMENT_PRIORITIES,
  type EnrichmentAnswer,
  type EnrichmentRecord,
  type EnrichmentRequest,
} from '../../model/enrichment.ts';
import { EngineError } from '../../model/error.ts';
import type { RejectedItem } from '../../model/ingest.ts';
import type { Identifier } from '../../model/profile.ts';
import type { Router } from '../../router/router.ts';
import type { IngestPipeline } from '../ingest-pipeline.ts';
import { enrichmentItem } from './enrichment-item.ts';

const SOURCE_LENGTH_MAX = 128;

export class EnrichmentService {
  readonly #router: Router;
  readonly #ingest: IngestPipeline;

  constructor(router: Router, ingest: IngestPipeline) {
    this.#router = router;
    this.#ingest = ingest;
  }

  /** Errors: invalid_request, and those of a batch as a whole. */
  async enrich({ source, priority, records }: EnrichmentRequest): Promise<EnrichmentAnswer> {
    if (source.trim() === '' || source.length > SOURCE_LENGTH_MAX) {
      throw new EngineError('invalid_request', `"source" must be a text of 1 to ${SOURCE_LENGTH_MAX} characters`);
    }
    if (!ENRICHMENT_PRIORITIES.includes(priority)) {
      throw new EngineError('invalid_request', `"priority" must be one of ${ENRICHMENT_PRIORITIES.join(', ')}`);
    }
    const unmatched: RejectedItem[] = [];
    const result = await this.#ingest.ingestPlaced(records.length, (index) => {
      const record = records[index];
      const identifier = this.#find(record);
      if (identifier === undefined) {
        unmatched.push({ index, code: 'profile_not_found', message: `nobody has ${nameOf(record)}` });
        return undefined;
      }
      return { identifier, item: enrichmentItem(source, priority, record, identifier) };
    });
    const { accepted, duplicates } = result;
    // Message ids of records are our own.
    const rejected = result.rejected.map(({ messageId: _, ...item }) => item);
    return { matched: accepted, duplicates, unmatched, rejected };
  }

  /** The identifier as it is kept. */
  #find({ who }: EnrichmentRecord): Identifier | undefined {
    for (const reading of who) {
      const found = this.#router.keptForm(reading);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function nameOf({ who }: EnrichmentRecord): string {
  const [first] = who;
  return first === undefined ? 'no identifier' : `${first.type}:${first.value}`.slice(0, 200);
}
