/** Reads what holds a profile together from its shard, for people. Costs its identifiers and links; nothing is kept. */
import { formatIsoDate } from '../../base/iso-date.ts';
import type { GraphLink, IdentityGraph } from '../../model/identity-request.ts';
import type { Identifier } from '../../model/profile.ts';
import { journalEntry } from '../../profile/journal.ts';
import type { ShardData } from '../../profile/shard-data.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';

/** A link by the codes of its ends. */
export interface CodeLink {
  readonly a: number;
  readonly b: number;
  readonly linkedAtMs: number;
}

/** Every link of the profile once, those that are somebody's parent first. */
export function linksOf(data: ShardData, row: number): CodeLink[] {
  const found: CodeLink[] = [];
  for (const code of data.identifiersOf(row)) {
    const parent = data.identifiers.parentOf(code);
    if (parent !== 0) found.push({ a: parent, b: code, linkedAtMs: data.identifiers.linkedAtMsOf(code) });
  }
  for (const code of data.identifiersOf(row)) {
    for (const link of data.links.of(code)) if (link.a === code) found.push(link);
  }
  return found;
}

export function graphLink({ identifiers }: ShardData, { a, b, linkedAtMs }: CodeLink): GraphLink {
  return { from: identifiers.identifierOf(a), to: identifiers.identifierOf(b), linkedAt: formatIsoDate(linkedAtMs) };
}

export function graphOf({ shard, row }: ProfileAddress): IdentityGraph {
  const { data, renderer } = shard;
  const { identifiers, journal } = data;
  const slot = journal.slotOf(row);
  const entries = slot < 0 ? [] : [...journal.eventsOf(slot)].map((index) => journalEntry(journal, index, identifiers));
  entries.sort((a, b) => b.at - a.at);
  return {
    id: renderer.idOf(row),
    identifiers: data.identifiersOf(row).map((code) => ({
      ...identifiers.identifierOf(code),
      linkedAt: formatIsoDate(identifiers.linkedAtMsOf(code)),
    })),
    links: linksOf(data, row).map((link) => graphLink(data, link)),
    journal: entries.map((entry) => ({ ...entry, at: formatIsoDate(entry.at) })),
  };
}

/** A shortest chain of links from one identifier to another of the same profile, without those in `without`; undefined when there is none. */
export function chainBetween(
  links: readonly CodeLink[],
  from: number,
  to: number,
  without: (link: CodeLink) => boolean,
): CodeLink[] | undefined {
  const byEnd = new Map<number, CodeLink[]>();
  for (const link of links) {
    if (without(link)) continue;
    for (const end of [link.a, link.b]) {
      const list = byEnd.get(end);
      if (list === undefined) byEnd.set(end, [link]);
      else list.push(link);
    }
  }
  const cameBy = new Map<number, { link: CodeLink; before: number } | undefined>([[from, undefined]]);
  for (const end of cameBy.keys()) {
    if (end === to) break;
    for (const link of byEnd.get(end) ?? []) {
      const next = link.a === end ? link.b : link.a;
      if (!cameBy.has(next)) cameBy.set(next, { link, before: end });
    }
  }
  if (!cameBy.has(to)) return undefined;
  const chain: CodeLink[] = [];
  for (let step = cameBy.get(to); step !== undefined; step = cameBy.get(step.before)) chain.push(step.link);
  return chain.reverse();
}

/** `type:value` as journals have it. */
export function parseIdentifierText(text: string): Identifier {
  const at = text.indexOf(':');
  return { type: text.slice(0, at), value: text.slice(at + 1) };
}
