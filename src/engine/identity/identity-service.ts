/**
 * Identity by a person's word: a profile's graph and journal, merging and unmerging by request, each to be tried first. Commands go the
 * way that ingest's go, in one turn, and are on disk when the answer comes.
 */
import { RuleTable } from '../../identity/rule-table.ts';
import { EngineError } from '../../model/error.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type { JournalEntry } from '../../model/identity-journal.ts';
import type {
  GraphLink,
  IdentityGraph,
  MergeAnswer,
  MergeRequest,
  TraitConflict,
  UnmergeAnswer,
  UnmergeRequest,
} from '../../model/identity-request.ts';
import type { Identifier, Profile } from '../../model/profile.ts';
import { PROFILE_IDENTIFIER_LIMIT } from '../../profile/identifier-store.ts';
import { PAIR_CUT } from '../../profile/pair-notes.ts';
import type { JoinCause } from '../../router/joiner.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { Router } from '../../router/router.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { IdentifierPair } from '../../shard/identity-command.ts';
import { entryId, textOf } from '../../shard/identity-entry.ts';
import { type CodeLink, chainBetween, graphLink, graphOf, linksOf, parseIdentifierText } from './graph.ts';
import { Rehearsal } from './rehearsal.ts';
import { leavesOf } from './trait-leaves.ts';

export interface IdentityServiceParts {
  readonly router: Router;
  readonly clock: Clock;
  readonly settings: () => IdentitySettings;
}

export class IdentityService {
  readonly #parts: IdentityServiceParts;

  constructor(parts: IdentityServiceParts) {
    this.#parts = parts;
  }

  graph(identifier: Identifier): IdentityGraph | undefined {
    const address = this.#parts.router.locate(identifier);
    return address === undefined ? undefined : graphOf(address);
  }

  /** Errors: profile_not_found, merge_refused (one profile already, or too many identifiers). */
  async merge(
    { into: givenInto, from: givenFrom, dryRun = false }: MergeRequest,
    reason: JoinCause['reason'] = 'request',
  ): Promise<MergeAnswer> {
    const { router, clock, settings } = this.#parts;
    const into = router.keptForm(givenInto) ?? givenInto;
    const from = router.keptForm(givenFrom) ?? givenFrom;
    const first = this.#find(into);
    const second = this.#find(from);
    if (isSame(first, second)) {
      throw new EngineError('merge_refused', `${textOf(into)} and ${textOf(from)} are one profile already`);
    }
    const count = first.shard.data.identifierCountOf(first.row) + second.shard.data.identifierCountOf(second.row);
    if (count > PROFILE_IDENTIFIER_LIMIT) {
      const message = `together they have ${count} identifiers; a profile holds ${PROFILE_IDENTIFIER_LIMIT}`;
      throw new EngineError('merge_refused', message);
    }
    const before = [profileAt(first), profileAt(second)] as const;
    let profile: Profile;
    if (dryRun) {
      profile = this.#rehearseMerge(first, second, into, from);
    } else {
      const { joiner } = router;
      router.inOneStep(() => {
        if (joiner.isCut([into, from])) joiner.setPair([into, from], PAIR_CUT, false);
        joiner.join(into, from, { reason, atMs: clock.nowMs() });
      });
      await this.#settle();
      profile = profileAt(this.#find(into));
    }
    return {
      isDone: !dryRun,
      profile,
      conflicts: conflictsOf(before[0], before[1], profile),
      beyondLimits: typesBeyondLimit(profile, new RuleTable(settings())),
    };
  }

  #rehearseMerge(first: ProfileAddress, second: ProfileAddress, into: Identifier, from: Identifier): Profile {
    const rehearsal = new Rehearsal([first, second]);
    const { clock, router } = this.#parts;
    const atMs = clock.nowMs();
    // Which one moves decides between calls of the same moment.
    const isIntoStaying = router.joiner.doesFirstStay(first, second);
    const [winner, loser] = isIntoStaying ? [into, from] : [from, into];
    const isLoserNamed = !isIntoStaying;
    rehearsal.play({ kind: 'merge', winner, loser, isLoserNamed, link: [into, from], atMs, reason: 'request' });
    return rehearsal.profile(into)!;
  }

  /** Errors: profile_not_found, merge_not_found, invalid_request. */
  async unmerge(request: UnmergeRequest): Promise<UnmergeAnswer> {
    const address = this.#find(request.profile);
    const { data } = address.shard;
    const links = linksOf(data, address.row);
    const cuts = this.#cutsOf(request, address, links);
    const cut = cuts.links.map((link) => graphLink(data, link));
    const isCut = (link: CodeLink): boolean => cuts.links.some((one) => isSameLink(one, link));
    const heldBy = cuts.ends === undefined ? undefined : chainBetween(links, cuts.ends[0], cuts.ends[1], isCut);
    const pairs = cuts.links.map(({ a, b }): IdentifierPair => {
      return [data.identifiers.identifierOf(a), data.identifiers.identifierOf(b)];
    });
    const atMs = this.#parts.clock.nowMs();
    const entry: JournalEntry = {
      id: entryId('cut', pairs[0], atMs),
      at: atMs,
      kind: 'cut',
      reason: 'request',
      from: textOf(pairs[0][0]),
      to: textOf(pairs[0][1]),
    };
    if (heldBy !== undefined) {
      const held = heldBy.map((link): GraphLink => graphLink(data, link));
      return { isDone: false, profiles: [profileAt(address)], cut: [], heldBy: held };
    }
    const identifiers = data.identifiersOf(address.row).map((code) => data.identifiers.identifierOf(code));
    if (request.dryRun === true) {
      const rehearsal = new Rehearsal([address]);
      rehearsal.play({ kind: 'split', profile: pairs[0][0], cuts: pairs, entry });
      return { isDone: false, profiles: rehearsal.profiles(), cut };
    }
    const { router } = this.#parts;
    router.inOneStep(() => router.joiner.cut(pairs, entry));
    await this.#settle();
    const profiles = new Map<string, Profile>();
    for (const identifier of identifiers) {
      const now = this.#parts.router.locate(identifier);
      if (now !== undefined) profiles.set(`${now.shard.index}:${now.row}`, profileAt(now));
    }
    return { isDone: true, profiles: [...profiles.values()], cut };
  }

  /** The links to cut; `ends`, when one link is undone: they may still be held together by others. */
  #cutsOf(
    { merge, identifiers }: UnmergeRequest,
    { shard, row }: ProfileAddress,
    links: readonly CodeLink[],
  ): { readonly links: readonly CodeLink[]; readonly ends?: readonly [number, number] } {
    const { data } = shard;
    if ((merge === undefined) === (identifiers === undefined)) {
      throw new EngineError('invalid_request', 'give either "merge", the id of a journal entry, or "identifiers"');
    }
    if (merge !== undefined) {
      const found = graphOf({ shard, row }).journal.find(({ id, kind }) => id === merge && kind === 'merge');
      const a = found === undefined ? 0 : data.codeOf(parseIdentifierText(found.from));
      const b = found === undefined ? 0 : data.codeOf(parseIdentifierText(found.to));
      const link = links.find((one) => isSameLink(one, { a, b, linkedAtMs: 0 }));
      if (found === undefined || link === undefined) {
        const message = `the profile's journal has no merge ${JSON.stringify(merge.slice(0, 64))} that is in force`;
        throw new EngineError('merge_not_found', message);
      }
      return { links: [link], ends: [a, b] };
    }
    const side = new Set<number>();
    for (const given of identifiers!) {
      const identifier = this.#parts.router.keptForm(given) ?? given;
      const code = data.codeOf(identifier);
      if (code === 0 || data.identifiers.rowOf(code) !== row) {
        throw new EngineError('invalid_request', `${textOf(identifier)} is no identifier of this profile`);
      }
      side.add(code);
    }
    const crossing = links.filter(({ a, b }) => side.has(a) !== side.has(b));
    if (crossing.length === 0) {
      throw new EngineError('invalid_request', 'name some of the identifiers of the profile, and not all of them');
    }
    return { links: crossing };
  }

  #find(identifier: Identifier): ProfileAddress {
    const address = this.#parts.router.locate(identifier);
    if (address !== undefined) return address;
    throw new EngineError('profile_not_found', `nobody has ${textOf(identifier).slice(0, 200)}`);
  }

  /** Traits are up to date, and what was told is on disk. */
  async #settle(): Promise<void> {
    const { shards } = this.#parts.router;
    for (const { data } of shards) data.traits.foldNow();
    const waiting = shards.filter(({ appliedSeq }) => appliedSeq > 0);
    await Promise.all(waiting.map(({ storage, appliedSeq }) => storage.log.durable(appliedSeq)));
  }
}

function isSame(a: ProfileAddress, b: ProfileAddress): boolean {
  return a.shard === b.shard && a.row === b.row;
}

function isSameLink(one: CodeLink, other: CodeLink): boolean {
  return (one.a === other.a && one.b === other.b) || (one.a === other.b && one.b === other.a);
}

/** Traits folded: of a shard that was made for this request alone they are not yet. */
function profileAt({ shard, row }: ProfileAddress): Profile {
  shard.data.traits.foldNow();
  shard.renderer.render(row);
  const { bytes, start, end } = shard.renderer;
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')) as Profile;
}

/** Whatever the window: a person looks at the whole. */
function typesBeyondLimit({ identifiers }: Profile, rules: RuleTable): string[] {
  const counts = new Map<string, number>();
  for (const { type } of identifiers) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].filter(([type, count]) => count > rules.of(type).limit.value).map(([type]) => type);
}

/** Traits on which the two differ. */
function conflictsOf(into: Profile, from: Profile, result: Profile): TraitConflict[] {
  const left = leavesOf(into.traits);
  const right = leavesOf(from.traits);
  const now = leavesOf(result.traits);
  const conflicts: TraitConflict[] = [];
  for (const [trait, value] of left) {
    const other = right.get(trait);
    if (other === undefined || JSON.stringify(other) === JSON.stringify(value)) continue;
    conflicts.push({ trait, into: value, from: other, result: now.get(trait) ?? null });
  }
  return conflicts;
}
