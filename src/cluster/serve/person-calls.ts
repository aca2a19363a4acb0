/** What is asked of one person: answered here when the profile is here, else by the number of the shard that knows more. */
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import type { CallOptions, Handlers } from '../../link/peer.ts';
import { EngineError } from '../../model/error.ts';
import type { TraitHistoryRequest } from '../../model/history.ts';
import type { Identifier } from '../../model/profile.ts';
import type { ProfilePages } from '../../model/profile-page.ts';
import type { Expression } from '../../model/query.ts';
import type { WhyOptions } from '../../model/segment.ts';
import type { Router } from '../../router/router.ts';
import type { SlotMap } from '../../router/slot-map.ts';
import { textOf } from '../../shard/identity-entry.ts';
import type { Shard } from '../../shard/shard.ts';
import type { Elsewhere } from '../lookup-wire.ts';
import type { LockTable } from '../step/lock-table.ts';
import { lookupCall } from './lookup-call.ts';

export interface PersonCallsParts {
  readonly own: Shard;
  readonly slots: SlotMap;
  readonly engine: EmbeddedEngine;
  readonly router: Router;
  readonly locks: LockTable;
  readonly assertServing: () => void;
}

export interface PersonArgs {
  readonly method: PersonMethod;
  readonly identifier: Identifier;
  readonly rest: readonly unknown[];
}

/** By place; 'here': on the shard that was asked. */
export type PlaceAnswer = readonly ('here' | Elsewhere | null)[];

export type PersonAnswer = { readonly value: unknown } | Elsewhere | null;

const PAGES = ['traits', 'segments', 'identifiers', 'events', 'metadata', 'accounts'] as const;
type PageMethod = (typeof PAGES)[number];
export type PersonMethod = 'history' | 'why' | 'graph' | `page_${PageMethod}`;

export function personCalls(parts: PersonCallsParts): Handlers {
  return {
    lookup: lookupCall(parts, (identifier) => placeOf(identifier, parts)),
    person: async (args, { signal }) => {
      parts.assertServing();
      const { method, identifier, rest } = args as PersonArgs;
      const place = placeOf(identifier, parts);
      if (place !== 'here') return place;
      const value = await answer(parts.engine, method, identifier, rest, { signal });
      if (value !== undefined) return { value };
      // It may have gone while it was worked on.
      const since = placeOf(identifier, parts);
      return since === 'here' ? { value } : since;
    },
    place: (args): PlaceAnswer => {
      parts.assertServing();
      return (args as readonly Identifier[]).map((identifier) => placeOf(identifier, parts));
    },
  };
}

/** Where the identifier's profile is, as far as this shard knows. */
export function placeOf(
  identifier: Identifier,
  { own, slots, locks, router }: PersonCallsParts,
): 'here' | Elsewhere | null {
  const at = own.rowOf(identifier);
  if (typeof at === 'number' && at >= 0) return 'here';
  const further = slots.shardOf(typeof at === 'number' ? identifier : at);
  if (further !== own.index) return further;
  // A forward that leads to where it stands: nobody has it, but for what a step is about to make of it.
  if (typeof at !== 'number' && locks.isTextHeld(textOf(identifier), undefined)) return own.index;
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
