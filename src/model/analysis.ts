/**
 * Questions whose answer is more than a set of profiles: groups, funnels, cohorts, recency-frequency-monetary scores, overlaps.
 * Requests as callers send them, and the answers. What each means: `src/query/README.md`.
 */
import type { AggregateFunction, Duration, Expression, PropertyPredicate, Window } from './expression.ts';

/** Functions over all events or profiles at once: those of a leaf, and positions in the order of the numbers. */
export const TOTAL_FUNCTIONS = ['percentile', 'median'] as const;
export type TotalFunction = AggregateFunction | (typeof TOTAL_FUNCTIONS)[number];

/** One value over the selected profiles' events (`event` and `property`) or over a trait of theirs. */
export interface TotalRequest {
  readonly fn: TotalFunction;
  readonly event?: string | undefined;
  readonly property?: string | undefined;
  readonly trait?: string | undefined;
  readonly where?: readonly PropertyPredicate[] | undefined;
  readonly window?: Window | undefined;
  /** For `percentile`: above 0 and at most 100, or a list of such. */
  readonly p?: number | readonly number[] | undefined;
}

/** What groups are made by. A text alone is a trait. `property` and `period` need the breakdown's `event`. */
export type Dimension =
  | string
  | { readonly trait: string }
  | { readonly property: string }
  | { readonly period: CalendarPeriod; readonly timeZone?: string | undefined };
export type CalendarPeriod = 'day' | 'week' | 'month' | 'quarter' | 'year';

/** Without `event` profiles are counted, with it the events of the selected profiles (and how many profiles they are of). */
export interface BreakdownRequest {
  readonly by: readonly Dimension[];
  readonly event?: string | undefined;
  readonly where?: readonly PropertyPredicate[] | undefined;
  readonly window?: Window | undefined;
  /** One more figure for each group: over the group's events, or over a trait of its profiles. */
  readonly aggregate?: Pick<TotalRequest, 'fn' | 'p' | 'property' | 'trait'> | undefined;
  /** Groups shown, the largest first; the others are added up in `rest`. */
  readonly limit?: number | undefined;
}

export interface EventChoice {
  readonly event: string;
  readonly where?: readonly PropertyPredicate[] | undefined;
}
export interface FunnelStep extends EventChoice {
  /** No such event strictly between the step before and this one. */
  readonly without?: EventChoice | undefined;
}
export interface FunnelRequest {
  readonly steps: readonly FunnelStep[];
  /** From the first step to the last; absent = however long. */
  readonly within?: Duration | undefined;
  readonly window?: Window | undefined;
  /** A trait of the profile, or a property of the event that was its first step. */
  readonly by?: { readonly trait: string } | { readonly property: string } | string | undefined;
  readonly limit?: number | undefined;
}

export interface RetentionRequest {
  /** The first of these ever (inside `window`) puts a profile into the cohort of its period. */
  readonly cohort: EventChoice;
  /** What counts as coming back; absent = the same as `cohort`. */
  readonly return?: EventChoice | undefined;
  readonly period: 'day' | 'week' | 'month';
  /** Periods shown after a cohort's own. */
  readonly periods?: number | undefined;
  readonly timeZone?: string | undefined;
  readonly window?: Window | undefined;
}

export interface RfmRequest {
  readonly event: string;
  /** The property that is money. */
  readonly amount: string;
  /** The property that names the order, where an order is several events: frequency is then how many distinct ones. */
  readonly order?: string | undefined;
  readonly where?: readonly PropertyPredicate[] | undefined;
  readonly window?: Window | undefined;
  /** Scores from 1 to this; absent = 5. */
  readonly scores?: number | undefined;
  /** A page of customers with their figures and scores, in the order of rows; `cell` narrows it to one named cell. */
  readonly members?: { readonly limit?: number; readonly cursor?: string; readonly cell?: RfmCell } | undefined;
}

/** What each means, and which scores it stands for: `query/execution/rfm-cell.ts`. */
export const RFM_CELLS = [
  'champions',
  'loyal',
  'potential_loyalist',
  'new',
  'promising',
  'need_attention',
  'about_to_sleep',
  'cannot_lose',
  'at_risk',
  'hibernating',
  'lost',
] as const;
export type RfmCell = (typeof RFM_CELLS)[number];

/** Saved segments by key, or conditions with a name. */
export interface OverlapRequest {
  readonly segments: readonly (string | { readonly name: string; readonly where: Expression | string })[];
}

export type GroupValue = string | number | boolean | null;
export interface BreakdownGroup {
  /** One for each dimension; null = missing. A period is its first day, `YYYY-MM-DD`. */
  readonly values: readonly GroupValue[];
  readonly profiles: number;
  readonly events?: number | undefined;
  /** Of the breakdown's `aggregate`; a list where `p` is one. */
  readonly value?: GroupValue | readonly (number | null)[] | undefined;
}
export interface BreakdownBody {
  readonly groups: readonly BreakdownGroup[];
  /** What the limit left out. */
  readonly rest?: { readonly groups: number; readonly profiles: number; readonly events?: number } | undefined;
  readonly total: { readonly groups: number; readonly profiles: number; readonly events?: number };
}

export interface FunnelStepBody {
  readonly event: string;
  /** Profiles that came at least this far. */
  readonly count: number;
  /** Of those at the step before, and of those at the first; 0 where there were none. */
  readonly rate: number;
  readonly rateOfFirst: number;
  /** Profiles lost since the step before. */
  readonly dropOff: number;
  /** From the step before; null at the first step and where nobody came. */
  readonly medianMs: number | null;
}
export interface FunnelBody {
  readonly steps: readonly FunnelStepBody[];
  readonly groups?: readonly { readonly value: GroupValue; readonly steps: readonly FunnelStepBody[] }[] | undefined;
  readonly rest?: { readonly groups: number; readonly steps: readonly FunnelStepBody[] } | undefined;
}

export interface RetentionBody {
  readonly cohorts: readonly {
    /** First day of the period, `YYYY-MM-DD` in the time zone. */
    readonly cohort: string;
    readonly size: number;
    /** Profiles that came back in period 0, 1, 2 … after the cohort's; null = not begun yet. */
    readonly counts: readonly (number | null)[];
    readonly rates: readonly (number | null)[];
  }[];
}

export interface RfmScores {
  readonly recency: number;
  readonly frequency: number;
  readonly monetary: number;
}
export interface RfmBody {
  readonly customers: number;
  readonly orders: number;
  readonly revenue: number;
  /** Lowest figure of those with at least score 2, 3, … (recency: their highest age in milliseconds); null = nobody has it. */
  readonly thresholds: {
    readonly recencyMs: readonly (number | null)[];
    readonly frequency: readonly (number | null)[];
    readonly monetary: readonly (number | null)[];
  };
  readonly cells: readonly {
    readonly cell: RfmCell;
    readonly count: number;
    readonly revenue: number;
    readonly orders: number;
  }[];
  readonly scores: readonly (RfmScores & { readonly count: number })[];
  readonly members?:
    | readonly (RfmScores & {
        readonly id: string;
        readonly cell: RfmCell;
        readonly lastAt: string;
        readonly orders: number;
        readonly revenue: number;
      })[]
    | undefined;
  readonly cursor?: string | undefined;
}

export interface OverlapBody {
  readonly segments: readonly { readonly name: string; readonly count: number }[];
  /** Every pair once, in the order of the request. `jaccard` = both ÷ either, 0 where both are empty. */
  readonly pairs: readonly {
    readonly a: string;
    readonly b: string;
    readonly both: number;
    readonly onlyA: number;
    readonly onlyB: number;
    readonly jaccard: number;
  }[];
}
