/**
 * Shapes of ingest as callers write them. Segment's fields are named; any other is accepted and kept out of the
 * profile.
 */
import { z } from 'zod';
import { ERROR_STATUS, type ErrorCode } from '../../model/error.ts';

const codes = Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]];

export const errorCode = z
  .enum(codes)
  .meta({ id: 'ErrorCode', description: 'Stable: never renamed, never used again for something else.' });

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: errorCode,
      message: z.string(),
      details: z.looseObject({}).optional().meta({
        description:
          '`position`, `end`, `line`, `column` and `excerpt` (the line with carets under it) for a place in a text, `path` for one in JSON; else what the code needs.',
      }),
    }),
  })
  .meta({ id: 'Error' });

const moment = z.union([z.string(), z.number()]).meta({ description: 'ISO 8601, or milliseconds since 1970.' });
const context = z.looseObject({ externalIds: z.array(z.looseObject({ id: z.string(), type: z.string() })).optional() });

const itemFields = {
  type: z.enum(['identify', 'track', 'page', 'screen', 'group', 'alias']).optional(),
  messageId: z
    .string()
    .optional()
    .meta({ description: 'An item whose messageId was seen inside the window is a duplicate and not stored again.' }),
  userId: z.union([z.string(), z.number()]).nullish(),
  anonymousId: z.union([z.string(), z.number()]).nullish(),
  event: z.string().optional().meta({ description: 'Needed by track.' }),
  name: z.string().nullish().meta({ description: 'Of a page or screen.' }),
  properties: z.looseObject({}).nullish(),
  traits: z.looseObject({}).nullish(),
  groupId: z.union([z.string(), z.number()]).nullish().meta({ description: 'Needed by group.' }),
  previousId: z.union([z.string(), z.number()]).nullish().meta({ description: 'Needed by alias.' }),
  context: context.nullish(),
  timestamp: moment.nullish(),
  originalTimestamp: moment.nullish(),
};

export const item = z.looseObject(itemFields).meta({
  id: 'Item',
  description: 'One call of the tracking API. `userId`, `anonymousId` or an external id is needed.',
});

const keyInBody = z
  .string()
  .optional()
  .meta({ description: 'Instead of a key in a header, for bodies up to 512 KiB.' });

export const singleRequest = z
  .looseObject({ ...itemFields, sentAt: moment.nullish(), writeKey: keyInBody })
  .meta({ id: 'SingleRequest' });

export const batchRequest = z
  .looseObject({
    batch: z.array(item),
    sentAt: moment
      .nullish()
      .meta({ description: "The client's clock at sending: corrects the items' timestamps. Ignored by import." }),
    context: context.nullish().meta({ description: "Merged under each item's own context." }),
    writeKey: keyInBody,
  })
  .meta({ id: 'BatchRequest' });

export const rejectedItem = z
  .strictObject({
    index: z.int(),
    messageId: z
      .string()
      .optional()
      .meta({ description: 'That the item came with; absent when it had none, or one that is none.' }),
    code: errorCode,
    message: z.string(),
    retryable: z
      .literal(true)
      .optional()
      .meta({ description: 'Nothing is wrong with the item: send it again, with the same messageId.' }),
  })
  .meta({ id: 'RejectedItem', description: 'Position in the batch, from 0, and why it was not stored.' });

export const mapEpoch = z
  .int()
  .optional()
  .meta({ description: 'Of a cluster alone: of the map in `/v1/cluster` that the answer went by.' });

export const ingestAnswer = z
  .strictObject({
    success: z.literal(true),
    accepted: z.int().meta({ description: 'Includes the duplicates.' }),
    duplicates: z.int(),
    rejected: z.array(rejectedItem),
    epoch: mapEpoch,
  })
  .meta({ id: 'IngestAnswer' });
