/** Identity by request: shapes of the rules, of a profile's graph, and of merging and separating. */
import { z } from 'zod';
import {
  DATE_ORDERS,
  LIMIT_WINDOWS,
  NORMALISATIONS,
  STANDARD_RULES,
  SURVIVORSHIP_RULES,
} from '../../model/identity.ts';
import { MAX_IDENTIFIERS } from '../identity-request.ts';
import { address, identifier, profile } from './profile-schema.ts';

const time = z.string().meta({ description: 'ISO 8601, to the second.' });
const link = z.strictObject({ from: identifier, to: identifier, linkedAt: time }).meta({ id: 'IdentityLink' });

const journalEntry = z
  .strictObject({
    id: z.string(),
    at: time,
    kind: z.enum(['merge', 'refusal', 'cut']),
    reason: z.enum(['event', 'alias', 'request', 'linkage', 'limit', 'cut', 'full']),
    from: z.string().meta({ description: '`type:value`, as `to`: the two ends of the link.' }),
    to: z.string(),
    into: z.string().optional().meta({ description: 'Of a merge: name of the profile whose name stayed.' }),
    merged: z.string().optional().meta({ description: 'Of a merge: name of the other profile.' }),
    messageId: z.string().optional().meta({ description: 'The event that brought it about.' }),
  })
  .meta({ id: 'JournalEntry' });

export const identityGraph = z
  .strictObject({
    id: z.string(),
    identifiers: z.array(z.strictObject({ type: z.string(), value: z.string(), linkedAt: time })),
    links: z.array(link),
    journal: z.array(journalEntry).meta({ description: 'Newest first.' }),
  })
  .meta({ id: 'IdentityGraph' });

const dryRun = z.boolean().optional().meta({ description: 'Only say what would come of it. Also as `?dryRun=true`.' });

export const mergeRequest = z
  .strictObject({ into: address, from: address, dryRun })
  .meta({ id: 'MergeRequest', description: "The name of `into`'s profile stays unless only the other has a user_id." });

export const mergeAnswer = z
  .strictObject({
    isDone: z.boolean(),
    profile: profile.meta({ description: 'As it is now, or would be.' }),
    conflicts: z
      .array(z.strictObject({ trait: z.string(), into: z.unknown(), from: z.unknown(), result: z.unknown() }))
      .meta({ description: 'Traits of which both had different values, and what is left of them.' }),
    beyondLimits: z.array(z.string()).meta({
      description:
        "Types of which the profile has more identifiers than the rules allow; a person's word is not bound by them.",
    }),
  })
  .meta({ id: 'MergeAnswer' });

export const unmergeRequest = z
  .strictObject({
    profile: address.meta({ description: 'Any identifier of the profile.' }),
    merge: z.string().optional().meta({ description: "Id of a `merge` entry in the profile's journal." }),
    identifiers: z.array(address).min(1).max(MAX_IDENTIFIERS).optional().meta({
      description: 'One side: all links between these and the others are cut.',
    }),
    dryRun,
  })
  .meta({ id: 'UnmergeRequest', description: 'Either `merge` or `identifiers`.' });

export const unmergeAnswer = z
  .strictObject({
    isDone: z.boolean(),
    profiles: z.array(profile).meta({ description: 'That there are now, or would be.' }),
    cut: z.array(link),
    heldBy: z.array(link).optional().meta({
      description: 'Nothing was done, because these other links hold the two ends together: cut by `identifiers`.',
    }),
  })
  .meta({ id: 'UnmergeAnswer' });

const blocked = z.array(z.union([z.string(), z.strictObject({ pattern: z.string() })]));
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const typeRule = z
  .strictObject({
    type: z.string().meta({ description: '`*` = every type without a rule of its own.' }),
    limit: z.strictObject({ value: z.int(), window: z.enum(LIMIT_WINDOWS) }).meta({
      description: 'How many a profile may have, counting those that it got within the window; 0 = no identifier.',
    }),
    priority: z.int().meta({ description: 'Lower is stronger: an event that breaks a limit loses its weakest first.' }),
    canMerge: z.boolean().meta({ description: 'False: it finds no profile and joins none.' }),
    blocked,
    normalise: z.enum(NORMALISATIONS),
    traits: z.array(z.string()).meta({ description: 'Traits of identify calls that carry it.' }),
    context: z.array(
      z.strictObject({
        path: z.string(),
        when: z.array(z.strictObject({ path: z.string(), equals: scalar })),
      }),
    ),
  })
  .meta({ id: 'IdentifierRule' });

const fields = {
  types: z.array(typeRule),
  blocked: blocked.meta({ description: 'Values that identify nobody, whatever the type.' }),
  mailProviderRules: z.boolean(),
  defaultCountry: z.string().optional().meta({ description: 'For phone numbers in national form; two letters.' }),
  survivorship: z.array(
    z.strictObject({ trait: z.string(), rule: z.enum(SURVIVORSHIP_RULES), sources: z.array(z.string()) }),
  ),
  standardise: z
    .array(z.strictObject({ trait: z.string(), rule: z.enum(STANDARD_RULES), order: z.enum(DATE_ORDERS).optional() }))
    .meta({ description: 'Traits are stored in this form, from the next call on. `*`, `address.*` or one path.' }),
  linkage: z.strictObject({ isAutomatic: z.boolean(), merge: z.number(), review: z.number() }),
};

export const identitySettings = z.strictObject(fields).meta({ id: 'IdentitySettings' });

/** What may be left out takes its default; the reader says what is wrong with the rest. */
export const identitySettingsRequest = z
  .strictObject({
    types: z.array(z.looseObject({ type: z.string() })).optional(),
    blocked: fields.blocked.optional(),
    mailProviderRules: fields.mailProviderRules.optional(),
    defaultCountry: fields.defaultCountry,
    survivorship: z.array(z.looseObject({ trait: z.string(), rule: z.enum(SURVIVORSHIP_RULES) })).optional(),
    standardise: fields.standardise.optional(),
    linkage: z.looseObject({}).optional(),
  })
  .meta({
    id: 'IdentitySettingsRequest',
    description: 'Laid over the defaults, not over what is in force: a list replaces its list, types one by one.',
  });

const examples = z.array(z.string());
export const identitySettingsAnswer = z
  .strictObject({
    settings: identitySettings,
    impact: z
      .strictObject({
        profiles: z.int(),
        overLimit: z.array(z.strictObject({ type: z.string(), profiles: z.int(), examples })),
        noIdentifiers: z.array(z.strictObject({ type: z.string(), identifiers: z.int(), examples })),
        refusedLinks: z.int(),
        changedTraits: z.array(
          z.strictObject({
            trait: z.string(),
            profiles: z.int(),
            examples: z.array(z.strictObject({ id: z.string(), from: z.unknown(), to: z.unknown() })),
          }),
        ),
      })
      .meta({ id: 'RuleImpact', description: 'Profiles stay as they are but for `changedTraits`.' }),
    isDone: z.boolean(),
  })
  .meta({ id: 'IdentitySettingsAnswer' });
