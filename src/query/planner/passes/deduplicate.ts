/**
 * `deduplicate`: equal parts of an `and` or `or` are kept once, a part beside its own negation settles the whole, and what occurs
 * at several places becomes one object, which the execution measures once.
 */
import { FALSE, TRUE } from '../../binder/formula.ts';
import { isJoin, isNegation, mapParts, rewriteAll, type Tree } from '../logical-plan.ts';
import { planPass } from '../pass.ts';
import { StructuralKeys } from '../structural-key.ts';

export const deduplicate = planPass(
  'deduplicate',
  'equal parts are kept once, equal leaves are evaluated once',
  (plan) => {
    if (!new Sightings().isRepeated(plan)) return plan;
    const keys = new StructuralKeys();
    const firsts = new Map<string, Tree>();
    const shared = <T extends Tree>(tree: T): T => {
      const inner = withoutRepeats(mapParts(tree, shared), keys);
      const key = keys.keyOf(inner);
      const first = firsts.get(key);
      if (first !== undefined) return first as T;
      firsts.set(key, inner);
      return inner;
    };
    return rewriteAll(plan, shared);
  },
);

/** Tells in a microsecond that nothing can be equal: all leaves look at different columns or tables. */
class Sightings {
  readonly #seen = new Set<unknown>();

  isRepeated(tree: Tree): boolean {
    if (isJoin<Tree>(tree)) return tree.of.some((part) => this.isRepeated(part));
    if (isNegation<Tree>(tree)) return this.isRepeated(tree.of);
    const { column, table, where } = tree as { column?: unknown; table?: unknown; where?: Tree };
    const subject = column ?? table ?? tree.kind;
    if (this.#seen.has(subject)) return true;
    this.#seen.add(subject);
    return where !== undefined && this.isRepeated(where);
  }
}

function withoutRepeats<T extends Tree>(tree: T, keys: StructuralKeys): T {
  if (!isJoin<T>(tree)) return tree;
  const isOr = tree.kind === 'or';
  const parts = new Map<string, T>();
  for (const part of tree.of) parts.set(keys.keyOf(part), part);
  for (const part of parts.values()) {
    if (isNegation<T>(part) && parts.has(keys.keyOf(part.of))) return (isOr ? TRUE : FALSE) as Tree as T;
  }
  if (parts.size === tree.of.length) return tree;
  const of = [...parts.values()];
  return of.length === 1 ? of[0] : ({ kind: tree.kind, of } as Tree as T);
}
