/**
 * Identity by a person's word in a cluster: what it needs of other shards is claimed, then the service of the engine in one process does it over
 * their mirrors, and their parts are handed over.
 */
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import { IdentityService } from '../../engine/identity/identity-service.ts';
import type { Handlers } from '../../link/peer.ts';
import type { EnrichmentAnswer, EnrichmentRequest } from '../../model/enrichment.ts';
import { EngineError } from '../../model/error.ts';
import type { MergeAnswer, MergeRequest, UnmergeAnswer, UnmergeRequest } from '../../model/identity-request.ts';
import type { RejectedItem } from '../../model/ingest.ts';
import type { Identifier } from '../../model/profile.ts';
import { type JoinCause, pairKey } from '../../router/joiner.ts';
import type { OutOfReach } from '../../router/reach.ts';
import { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { RandomSource } from '../../runtime/random.ts';
import { Claims, type ClaimsParts } from '../step/claims.ts';
import type { Fence } from '../step/fence.ts';
import type { MirrorParts } from '../step/mirror.ts';
import { MirroredDirectory } from '../step/mirrored-directory.ts';
import type { Outbox } from '../step/outbox.ts';

const ATTEMPTS_MAX = 60;
const PAUSE_MS = 20;
/** Applied in one turn, so that no step can take a profile in hand in between. */
const ENRICHMENT_SLICE = 256;

export interface IdentityCallsParts extends ClaimsParts {
  readonly engine: EmbeddedEngine;
  readonly outbox: Outbox;
  readonly fence: Fence;
  readonly mirrors: MirrorParts;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly nextHolder: () => string;
  /** Errors: shard_unavailable, also on a shard that has no slots. */
  readonly assertServing: () => void;
  readonly onFatal: (error: unknown) => void;
}

export interface MergeArgs extends MergeRequest {
  readonly reason: JoinCause['reason'];
}

export function identityCalls(parts: IdentityCallsParts): Handlers {
  const { engine, assertServing, onFatal } = parts;
  /** What a disk refused is in the memory. */
  const onDisk = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'storage_failed') onFatal(error);
      throw error;
    }
  };
  return {
    merge: (args): Promise<MergeAnswer> => {
      assertServing();
      const { reason, ...request } = args as MergeArgs;
      return inStep(
        parts,
        () => mergeLack(request, parts),
        (service) => service.merge(request, reason),
      );
    },
    unmerge: (args): Promise<UnmergeAnswer> => {
      assertServing();
      const request = args as UnmergeRequest;
      return inStep(
        parts,
        () => wholeProfile(request.profile, parts),
        (service) => service.unmerge(request),
      );
    },
    enrich: (args): Promise<EnrichmentAnswer> => {
      assertServing();
      return onDisk(enrich(args as EnrichmentRequest, parts));
    },
    identity_settings: () => engine.identitySettings(),
    set_identity_settings: (args) => {
      const { json, dryRun } = args as { json: unknown; dryRun: boolean };
      return onDisk(engine.setIdentitySettings(json, { dryRun }));
    },
  };
}

/** Takes what it lacks in hand and does the work in one turn, as often as it is busy. Errors: overloaded, shard_unavailable, those of the work. */
export async function inStep<T>(
  parts: IdentityCallsParts,
  lackOf: () => OutOfReach,
  work: (service: IdentityService, router: Router) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    await parts.fence.whenOpen();
    parts.assertServing();
    const claims = new Claims(parts.nextHolder(), parts.clock.nowMs(), parts, true);
    try {
      if ((await claims.take([lackOf()])) && claims.isStanding && !parts.fence.isUp) {
        const { given, sent } = begin(parts, claims, work);
        await sent;
        return await given;
      }
    } finally {
      claims.release();
    }
    await new Promise<void>((resolve) => parts.clock.after(1 + (parts.random.nextUint32() % PAUSE_MS), resolve));
  }
  throw alwaysInHand();
}

/** What changes anything is done when this returns; what is awaited after it only reads. */
function begin<T>(
  parts: IdentityCallsParts,
  claims: Claims,
  work: (service: IdentityService, router: Router) => Promise<T>,
): { readonly given: Promise<T>; readonly sent: Promise<void> | undefined } {
  const { own, slots, locks, mirrors, engine, clock, outbox, onFatal } = parts;
  const directory = new MirroredDirectory(own, slots, locks, mirrors);
  const settings = engine.identitySettings();
  const router = new Router(directory, settings, own.data.names);
  directory.begin(claims.facts);
  const given = work(new IdentityService({ router, clock, settings: () => settings }), router);
  given.catch((error: unknown) => {
    // Broken off halfway: the memory is ahead of the log.
    if (!(error instanceof EngineError) || error.code === 'storage_failed') onFatal(error);
  });
  const handOver = router.takeHandOver();
  if (handOver === undefined) return { given, sent: undefined };
  claims.releaseElsewhere(new Set(handOver.parts.map(({ shard }) => shard)));
  const sent = outbox.send(handOver, own.appliedSeq);
  sent.catch(onFatal);
  return { given, sent };
}

/** Both profiles, and what is noted of the pair. */
function mergeLack({ into, from }: MergeRequest, { own, slots }: IdentityCallsParts): OutOfReach {
  const identifiers = [into, from];
  const unknown = identifiers.filter((identifier) => !isHere(identifier, own));
  const pair: [Identifier, Identifier] = [into, from];
  return { identifiers, unknown, incomplete: [], pairs: slots.shardOf(pairKey(pair)) === own.index ? [] : [pair] };
}

/** All of its identifiers are kept as they are, also by the shards that parts of it may move to or that have to know of it. */
function wholeProfile(identifier: Identifier, { own, slots }: IdentityCallsParts): OutOfReach {
  const row = own.rowOf(identifier);
  const { data } = own;
  const identifiers =
    typeof row === 'number' && row >= 0
      ? data.identifiersOf(row).map((code) => data.identifiers.identifierOf(code))
      : [];
  const unknown = identifiers.filter((one) => slots.shardOf(one) !== own.index);
  return { identifiers: [identifier, ...identifiers], unknown, incomplete: [], pairs: [] };
}

export function isHere(identifier: Identifier, own: IdentityCallsParts['own']): boolean {
  const row = own.rowOf(identifier);
  return typeof row === 'number' && row >= 0;
}

async function enrich(
  { source, priority, records }: EnrichmentRequest,
  parts: IdentityCallsParts,
): Promise<EnrichmentAnswer> {
  const total = { matched: 0, duplicates: 0, unmatched: [] as RejectedItem[], rejected: [] as RejectedItem[] };
  // Once without any, too: the engine looks at the rest of the request.
  for (let from = 0; from === 0 || from < records.length; from += ENRICHMENT_SLICE) {
    const slice = records.slice(from, from + ENRICHMENT_SLICE);
    const identifiers = slice.flatMap(({ who }) => who);
    for (let attempt = 0; isHeld(identifiers, parts); attempt++) await letGo(attempt, parts);
    const told = await parts.engine.enrich({ source, priority, records: slice });
    total.matched += told.matched;
    total.duplicates += told.duplicates;
    for (const one of told.unmatched) total.unmatched.push({ ...one, index: one.index + from });
    for (const one of told.rejected) total.rejected.push({ ...one, index: one.index + from });
  }
  return total;
}

/** Whether a step has one of the profiles in hand. */
function isHeld(identifiers: readonly Identifier[], { own, locks }: IdentityCallsParts): boolean {
  if (locks.isEmpty) return false;
  return identifiers.some((identifier) => {
    const row = own.rowOf(identifier);
    return typeof row === 'number' && row >= 0 && locks.isRowHeld(row, undefined);
  });
}

/** Until some step is over, or for a while that grows. Errors: overloaded. */
async function letGo(attempt: number, { locks, clock }: IdentityCallsParts): Promise<void> {
  if (attempt >= ATTEMPTS_MAX) throw alwaysInHand();
  await new Promise<void>((resolve) => {
    const cancel = clock.after(PAUSE_MS * (attempt + 1), resolve);
    void locks.whenReleased().then(() => {
      cancel();
      resolve();
    });
  });
}

function alwaysInHand(): EngineError {
  return new EngineError('overloaded', 'others have had these profiles in hand all the time; try again', {
    retryAfterMs: 1_000,
  });
}
