/** Parts of one profile by identifier, and the saved segments that it is in. */

import type { Identifier } from '../model/profile.ts';
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
} from '../model/profile-page.ts';
import { accountPage } from '../profile/page/account-page.ts';
import { EventPager } from '../profile/page/event-page.ts';
import { identifierPage } from '../profile/page/identifier-page.ts';
import { profileMetadata } from '../profile/page/profile-metadata.ts';
import { traitPage } from '../profile/page/trait-page.ts';
import type { ShardData } from '../profile/shard-data.ts';
import { ExpressionBinder } from '../query/binder/bind-expression.ts';
import { RowSelector } from '../query/binder/row-selector.ts';
import { compileRowTest } from '../query/evaluation/row-test.ts';
import type { ProfileAddress } from '../router/profile-address.ts';
import type { Router } from '../router/router.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AccountService } from './account/account-service.ts';
import { Slices } from './schema/slices.ts';
import { expandSegments } from './segment-expansion.ts';
import type { SegmentView } from './segment-view.ts';

export interface ProfileReaderParts {
  readonly router: Router;
  readonly segments: SegmentView;
  readonly clock: Clock;
  readonly accounts: Pick<AccountService, 'prepared'>;
  /** Throws history_not_kept for a moment of which the traits may be forgotten. */
  readonly assertKept: (atMs: number) => void;
}

export class ProfileReader implements ProfilePages {
  readonly #parts: ProfileReaderParts;
  readonly #pagers = new WeakMap<ShardData, EventPager>();

  constructor(parts: ProfileReaderParts) {
    this.#parts = parts;
  }

  /** Errors: history_not_kept. */
  traits(identifier: Identifier, request: TraitPageRequest): TraitPage | undefined {
    if (request.asOfMs !== undefined) this.#parts.assertKept(request.asOfMs);
    const address = this.#find(identifier, request.asOfMs);
    return address && traitPage(address.shard.data, address.row, request);
  }

  async segments(identifier: Identifier, request: SegmentKeyPageRequest): Promise<SegmentKeyPage | undefined> {
    const { segments, clock } = this.#parts;
    const { limit, after, include } = request;
    const included = include === undefined ? undefined : new Set(include);
    const slices = new Slices(clock);
    const keys: string[] = [];
    for (const { key } of segments.list()) {
      if ((after !== undefined && key <= after) || included?.has(key) === false) continue;
      if (slices.isDue) await slices.pause();
      if (segments.definition(key) === undefined || !(await this.#isIn(key, identifier))) continue;
      if (keys.length === limit) return { keys, hasMore: true, atMs: clock.nowMs() };
      keys.push(key);
    }
    return this.#find(identifier) && { keys, hasMore: false, atMs: clock.nowMs() };
  }

  async #isIn(key: string, identifier: Identifier): Promise<boolean> {
    const { segments, clock, accounts } = this.#parts;
    const expression = expandSegments({ segment: key }, segments);
    const options = { nowMs: clock.nowMs() };
    // Conditions on accounts are answered for everybody, over many turns; then the profile may have moved.
    const { memberships } = (await accounts.prepared([expression], options)) ?? { memberships: undefined };
    const address = this.#find(identifier);
    if (address === undefined) return false;
    const { shard, row } = address;
    const binder = new ExpressionBinder(shard.data, new RowSelector(), { ...options, atMs: undefined, memberships });
    return compileRowTest(binder.bind(expression))(row);
  }

  identifiers(identifier: Identifier, request: IdentifierPageRequest): IdentifierPage | undefined {
    const address = this.#find(identifier, request.asOfMs);
    return address && identifierPage(address.shard.data, address.row, request);
  }

  events(identifier: Identifier, request: EventPageRequest): EventPage | undefined {
    const address = this.#find(identifier, request.asOfMs);
    return address && this.#pagerOf(address.shard.data).page(address.row, request);
  }

  metadata(identifier: Identifier, asOfMs?: number): ProfileMetadata | undefined {
    const address = this.#find(identifier, asOfMs);
    return address && profileMetadata(address.shard.data, address.row, asOfMs);
  }

  accounts(identifier: Identifier, request: AccountPageRequest): AccountPage | undefined {
    const address = this.#find(identifier, request.asOfMs);
    return address && accountPage(address.shard.data, address.row, request);
  }

  #find(identifier: Identifier, asOfMs = Number.POSITIVE_INFINITY): ProfileAddress | undefined {
    const address = this.#parts.router.locate(identifier);
    if (address === undefined) return undefined;
    return address.shard.data.profiles.firstSeen.get(address.row) <= asOfMs ? address : undefined;
  }

  #pagerOf(data: ShardData): EventPager {
    let pager = this.#pagers.get(data);
    if (pager === undefined) {
      pager = new EventPager(data);
      this.#pagers.set(data, pager);
    }
    return pager;
  }
}
