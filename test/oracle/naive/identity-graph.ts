/**
 * The identity graph as it is told in src/router/README.md: identifiers are nodes, each with the items that came under it; a person is
 * whatever links hold together, found by walking them each time.
 */
import type { Identifier } from '../../../src/model/profile.ts';
import type { NaiveItem } from './kept-item.ts';

export interface IdentityNode {
  readonly identifier: Identifier;
  /** When the person got it. */
  readonly atMs: number;
  readonly links: Set<IdentityNode>;
  readonly items: NaiveItem[];
  /** Place among the person's identifiers; the first is the one by which the person is kept. */
  order: number;
  /** It came to the person by a merge. */
  wasMoved: boolean;
  /** One of a person's identifiers names the person. */
  isName: boolean;
}

/** In the order in which they came. Never empty. */
export type Person = readonly IdentityNode[];

export class IdentityGraph {
  readonly #nodes = new Map<string, IdentityNode>();
  /** Of identifiers and of items: what comes later, or comes to a person later, has the greater. */
  #turn = 0;

  nextTurn(): number {
    this.#turn += 1;
    return this.#turn;
  }

  find(identifier: Identifier): IdentityNode | undefined {
    return this.#nodes.get(keyOf(identifier));
  }

  /** Someone of whom nothing else is known. */
  add({ type, value }: Identifier, atMs: number): IdentityNode {
    const identifier = { type, value };
    const links = new Set<IdentityNode>();
    const node = { identifier, atMs, links, items: [], order: this.nextTurn(), wasMoved: false, isName: true };
    this.#nodes.set(keyOf(identifier), node);
    return node;
  }

  /** A new identifier of somebody who is known by another. A user's id is a better name than any other. */
  attach(identifier: Identifier, to: IdentityNode, atMs: number): IdentityNode {
    const name = nameOf(this.personOf(to));
    const node = this.add(identifier, atMs);
    link(node, to);
    setName(this.personOf(to), isUser(node) && !isUser(name) ? node : name);
    return node;
  }

  /** Two identifiers came together: from now on one person has them, who keeps the first one's name unless only the second one's is a user's. */
  join(a: IdentityNode, b: IdentityNode): void {
    const [first, second] = [this.personOf(a), this.personOf(b)];
    link(a, b);
    if (first.includes(b)) return;
    const [firstName, secondName] = [nameOf(first), nameOf(second)];
    // What the smaller one has comes to the larger one now, in its old order.
    const moved = this.#isLarger(first, second) ? second : first;
    for (const node of moved) {
      node.order = this.nextTurn();
      node.wasMoved = true;
    }
    for (const item of itemsOf(moved)) item.arrival = this.nextTurn();
    setName(this.personOf(a), isUser(secondName) && !isUser(firstName) ? secondName : firstName);
  }

  #isLarger(a: Person, b: Person): boolean {
    const difference = itemsOf(a).length - itemsOf(b).length;
    if (difference !== 0) return difference > 0;
    return textOf(a[0].identifier) < textOf(b[0].identifier);
  }

  /** All that links lead to. */
  personOf(node: IdentityNode): Person {
    const found = new Set([node]);
    for (const each of found) for (const other of each.links) found.add(other);
    return [...found].sort((a, b) => a.order - b.order);
  }

  persons(): readonly Person[] {
    const seen = new Set<IdentityNode>();
    const persons: Person[] = [];
    for (const node of this.#nodes.values()) {
      if (seen.has(node)) continue;
      const person = this.personOf(node);
      for (const each of person) seen.add(each);
      persons.push(person);
    }
    return persons;
  }
}

export function wasMerged(person: Person): boolean {
  return person.some(({ wasMoved }) => wasMoved);
}

/** In the order of arrival. */
export function itemsOf(person: Person): readonly NaiveItem[] {
  return person.flatMap(({ items }) => items).sort((a, b) => a.arrival - b.arrival);
}

export function nameOf(person: Person): IdentityNode {
  const names = person.filter(({ isName }) => isName);
  if (names.length !== 1) throw new TypeError(`a person with ${names.length} names`);
  return names[0];
}

export function setName(person: Person, name: IdentityNode): void {
  for (const node of person) node.isName = node === name;
}

function isUser({ identifier }: IdentityNode): boolean {
  return identifier.type === 'user_id';
}

function link(a: IdentityNode, b: IdentityNode): void {
  if (a === b) return;
  a.links.add(b);
  b.links.add(a);
}

export function keyOf({ type, value }: Identifier): string {
  return JSON.stringify([type, value]);
}

function textOf({ type, value }: Identifier): string {
  return `${type}:${value}`;
}
