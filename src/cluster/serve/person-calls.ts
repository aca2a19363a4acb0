/** What is asked of one person: answered here when the profile is here, else by the number of the shard that knows more. */
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import type { CallOptions, Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { Expression } from '../../model/expression.ts';
import type { TraitHistoryRequest } from '../../model/history.ts';
import type { Identifier } from '../../model/profile.ts';
import type { ProfilePages } from '../../model/profile-page.ts';
import type { WhyOptions } from '../../model/segment.ts';
import type { Router } from '../../router/router.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Elsewhere, LedBy } from '../lookup-wire.ts';
import { identifierOf } from '../step/claim.ts';
import { leadOf } from '../step/lead.ts';
import { lookupCall } from './lookup-call.ts';

export interface PersonCallsParts {
  readonly own: Shard;
  readonly slots: SlotMap;
  readonly engine: EmbeddedEngine;
  readonly router: Router;
  readonly assertServing: () => void;
}

export interface PersonArgs {
  readonly method: PersonMethod;
  readonly identifier: Identifier;
  readonly rest: readonly unknown[];
  readonly by?: LedBy | undefined;
}

export interface PlaceArgs {
  readonly identifiers: readonly Identifier[];
  /** Of all of them. */
  readonly by?: LedBy | undefined;
}

/** By place; 'here': on the shard that was asked. */
export type PlaceAnswer = readonly ('here' | Elsewhere | null)[];

export type PersonAnswer = { readonly value: unknown } | Elsewhere | null;

const PAGES = ['traits', 'segments', 'identifiers', 'events', 'metadata', 'accounts'] as const;
type PageMethod = (typeof PAGES)[number];
export type PersonMethod = 'history' | 'why' | 'graph' | `page_${PageMethod}`;

export function personCalls(parts: PersonCallsParts): Handlers {
  return {
    lookup: lookupCall(parts, (identifier, by) => placeOf(identifier, by, parts)),
    person: async (args, { signal }) => {
      parts.assertServing();
      const { method, identifier, rest, by } = args as PersonArgs;
      const place = placeOf(identifier, by, parts);
      if (place !== 'here') return place;
      const value = await answer(parts.engine, method, identifier, rest, { signal });
      if (value !== undefined) return { value };
      // It may have gone while it was worked on.
      const since = placeOf(identifier, by, parts);
      return since === 'here' ? { value } : since;
    },
    place: (args): PlaceAnswer => {
      parts.assertServing();
      const { identifiers, by } = args as PlaceArgs;
      return identifiers.map((identifier) => placeOf(identifier, by, parts));
    },
  };
}

/** Where the identifier's profile is, as far as this shard knows. */
export function placeOf(
  identifier: Identifier,
  ledBy: LedBy | undefined | null,
  { own, slots, router }: PersonCallsParts,
): 'here' | Elsewhere | null {
  const lead = leadOf(own, slots, identifier, ledBy ? identifierOf(ledBy) : undefined);
  if (typeof lead === 'number') return 'here';
  if (typeof lead === 'object') return lead.by === undefined ? lead.to : [lead.to, lead.by.type, lead.by.value];
  if (lead === 'under_way') return slots.shardOf(identifier);
  const normal = router.normalForm(identifier);
  return normal === undefined ? null : [normal.type, normal.value];
}

async function answer(
  engine: EmbeddedEngine,
  method: PersonMethod,
  identifier: Identifier,
  rest: readonly unknown[],
  { signal }: CallOptions,
): Promise<unknown> {
  switch (method) {
    case 'history':
      return engine.traitHistory(identifier, rest[0] as TraitHistoryRequest, signal);
    case 'why':
      return engine.why(identifier, rest[0] as Expression | string, rest[1] as WhyOptions);
    case 'graph':
      return engine.identityGraph(identifier);
    default: {
      const page = PAGES.find((name) => method === `page_${name}`);
      if (page === undefined) throw new EngineError('invalid_request', `no call ${String(method).slice(0, 64)}`);
      return pageOf(engine.profilePages, page, identifier, rest[0]);
    }
  }
}

function pageOf(pages: ProfilePages, name: PageMethod, identifier: Identifier, request: unknown): unknown {
  switch (name) {
    case 'traits':
      return pages.traits(identifier, request as Parameters<ProfilePages['traits']>[1]);
    case 'segments':
      return pages.segments(identifier, request as Parameters<ProfilePages['segments']>[1]);
    case 'identifiers':
      return pages.identifiers(identifier, request as Parameters<ProfilePages['identifiers']>[1]);
    case 'events':
      return pages.events(identifier, request as Parameters<ProfilePages['events']>[1]);
    case 'metadata':
      return pages.metadata(identifier, (request ?? undefined) as number | undefined);
    case 'accounts':
      return pages.accounts(identifier, request as Parameters<ProfilePages['accounts']>[1]);
  }
}
