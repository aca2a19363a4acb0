/** Parts of one profile by identifier, at a router: each method is a call to the profile's shard. */
import type { Deferrable } from '../../base/awaitable.ts';
import type { Identifier } from '../../model/profile.ts';
import type {
  AccountPage,
  AccountPageRequest,
  EventPage,
  EventPageRequest,
  IdentifierPage,
  IdentifierPageRequest,
  ProfileMetadata,
  ProfilePages,
  SegmentKeyPage,
  SegmentKeyPageRequest,
  TraitPage,
  TraitPageRequest,
} from '../../model/profile-page.ts';
import type { PersonAsker } from './person-asker.ts';

export class ClusterPages implements Deferrable<ProfilePages> {
  readonly #persons: PersonAsker;

  constructor(persons: PersonAsker) {
    this.#persons = persons;
  }

  traits(identifier: Identifier, request: TraitPageRequest): Promise<TraitPage | undefined> {
    return this.#persons.ask(identifier, 'page_traits', [request]) as Promise<TraitPage | undefined>;
  }

  segments(identifier: Identifier, request: SegmentKeyPageRequest): Promise<SegmentKeyPage | undefined> {
    return this.#persons.ask(identifier, 'page_segments', [request]) as Promise<SegmentKeyPage | undefined>;
  }

  identifiers(identifier: Identifier, request: IdentifierPageRequest): Promise<IdentifierPage | undefined> {
    return this.#persons.ask(identifier, 'page_identifiers', [request]) as Promise<IdentifierPage | undefined>;
  }

  events(identifier: Identifier, request: EventPageRequest): Promise<EventPage | undefined> {
    return this.#persons.ask(identifier, 'page_events', [request]) as Promise<EventPage | undefined>;
  }

  metadata(identifier: Identifier, asOfMs?: number): Promise<ProfileMetadata | undefined> {
    return this.#persons.ask(identifier, 'page_metadata', [asOfMs]) as Promise<ProfileMetadata | undefined>;
  }

  accounts(identifier: Identifier, request: AccountPageRequest): Promise<AccountPage | undefined> {
    return this.#persons.ask(identifier, 'page_accounts', [request]) as Promise<AccountPage | undefined>;
  }
}
