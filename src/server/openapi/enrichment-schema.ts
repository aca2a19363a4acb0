/** Shapes of enrichment. */
import { z } from 'zod';
import { ENRICHMENT_PRIORITIES } from '../../model/enrichment.ts';
import { rejectedItem } from './ingest-schema.ts';
import { address } from './profile-schema.ts';

const record = {
  traits: z.looseObject({}),
  at: z.union([z.string(), z.number()]).optional().meta({
    description: 'When the source knew it: ISO 8601 or milliseconds since 1970. Absent = when it comes.',
  }),
};

export const enrichmentRequest = z
  .strictObject({
    source: z
      .string()
      .meta({ description: 'Whose list this is; `source_priority` and the history of traits name it.' }),
    priority: z.enum(ENRICHMENT_PRIORITIES).optional().meta({
      description:
        '`fill` (default): shows only where the person never set or removed the trait. `overwrite`: has a say like any call.',
    }),
    records: z.array(
      z.union([z.strictObject({ id: address, ...record }), z.strictObject({ identifier: address, ...record })]),
    ),
  })
  .meta({ id: 'EnrichmentRequest' });

export const enrichmentAnswer = z
  .strictObject({
    matched: z.int().meta({ description: 'Records that are kept with a profile, those that it had already included.' }),
    duplicates: z.int().meta({ description: 'Of these, records that the profile had already.' }),
    unmatched: z.array(rejectedItem).meta({ description: 'Records of nobody; nobody is made of them.' }),
    rejected: z.array(rejectedItem),
  })
  .meta({ id: 'EnrichmentAnswer' });
