/** The rules for identifiers as questions to plain lists: what a type's rule is, who is stronger, which paths carry which type. */
import { Normaliser } from '../../../src/identity/normaliser.ts';
import type { ContextCondition, IdentifierRule, IdentitySettings } from '../../../src/model/identity.ts';

const DAY_MS = 86_400_000;
const WINDOW_DAYS = { weekly: 7, monthly: 30, annually: 365, ever: Number.POSITIVE_INFINITY };

export class NaiveRules {
  readonly #types: readonly IdentifierRule[];
  /** Has tests of its own, and is the one thing that the naive model takes from the engine. */
  readonly normaliser: Normaliser;

  constructor(settings: IdentitySettings) {
    this.#types = settings.types;
    this.normaliser = new Normaliser(settings);
  }

  #ruleOf(type: string): IdentifierRule {
    const found = this.#types.find((rule) => rule.type === type) ?? this.#types.find((rule) => rule.type === '*');
    if (found === undefined) throw new TypeError('no rule for *');
    return found;
  }

  canMerge(type: string): boolean {
    return this.#ruleOf(type).canMerge;
  }

  limitOf(type: string): number {
    return this.#ruleOf(type).limit.value;
  }

  windowMsOf(type: string): number {
    return WINDOW_DAYS[this.#ruleOf(type).limit.window] * DAY_MS;
  }

  /** Strongest first; equals stay as they are. */
  byStrength<T extends { readonly type: string }>(list: readonly T[]): T[] {
    const rank = ({ type }: T): number => this.#ruleOf(type).priority;
    return list.toSorted((a, b) => rank(a) - rank(b) || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
  }

  /** The type that a trait carries. */
  typeOfTrait(path: string): string | undefined {
    return this.#types.find(({ traits, limit }) => limit.value > 0 && traits.includes(path))?.type;
  }

  /** The types that a context field may carry, strongest first, with what must hold beside it. */
  typesOfContext(path: string): readonly { readonly type: string; readonly when: readonly ContextCondition[] }[] {
    const types = this.#types.filter(({ limit }) => limit.value > 0);
    return this.byStrength(
      types.flatMap(({ type, context }) =>
        context.filter((source) => source.path === path).map(({ when }) => ({ type, when })),
      ),
    );
  }
}
