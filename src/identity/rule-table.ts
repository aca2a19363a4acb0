/**
 * Questions to checked settings: the rule of a type, which of two identifiers gives way, and which traits and context fields
 * carry identifiers. A type without a rule of its own has that of `*`; none is made for it, since callers name types.
 */
import { assert } from '../base/assert.ts';
import { type ContextCondition, type IdentifierRule, type IdentitySettings, OTHER_TYPES } from '../model/identity.ts';

export class RuleTable {
  readonly #byType: ReadonlyMap<string, IdentifierRule>;
  readonly #other: IdentifierRule;

  constructor(settings: IdentitySettings) {
    this.#byType = new Map(settings.types.map((rule) => [rule.type, rule]));
    const other = this.#byType.get(OTHER_TYPES);
    assert(other !== undefined, 'checked settings have a rule for *');
    this.#other = other;
  }

  /** The rule's own `type` is `*` where the type has none. */
  of(type: string): IdentifierRule {
    return this.#byType.get(type) ?? this.#other;
  }

  /** Negative when `a` is the stronger type: it stays when an event would break a limit. Total: 0 only for equal types. */
  compare(a: string, b: string): number {
    const difference = this.of(a).priority - this.of(b).priority;
    if (difference !== 0) return difference;
    return a < b ? -1 : a > b ? 1 : 0;
  }
}

/** One identifier type that a context field may carry, and what must hold beside it. */
export interface ContextCarrier {
  readonly type: string;
  readonly when: readonly ContextCondition[];
}

export interface TraitSources {
  /** Trait path → identifier type. */
  readonly traits: ReadonlyMap<string, string>;
  /** Context path (`context.device.id`) → the types it may carry, strongest first. */
  readonly context: ReadonlyMap<string, readonly ContextCarrier[]>;
}

/** Types that are off carry nothing. */
export function traitSources(settings: IdentitySettings): TraitSources {
  const table = new RuleTable(settings);
  const rules = settings.types.filter((rule) => rule.limit.value > 0).sort((a, b) => table.compare(a.type, b.type));
  const traits = new Map<string, string>();
  const context = new Map<string, ContextCarrier[]>();
  for (const { type, traits: paths, context: places } of rules) {
    for (const path of paths) if (!traits.has(path)) traits.set(path, type);
    for (const { path, when } of places) context.set(path, [...(context.get(path) ?? []), { type, when }]);
  }
  return { traits, context };
}

/** Whether a context value is what a condition asks for; texts are compared without case. */
export function isContextEqual(value: unknown, condition: ContextCondition): boolean {
  const { equals } = condition;
  if (typeof value === 'string' && typeof equals === 'string') return value.toLowerCase() === equals.toLowerCase();
  return value === equals;
}
