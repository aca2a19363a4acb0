/** A funnel: its steps, what must not lie between them, how long it may take, and what it is split by. */
import type { FunnelRequest, FunnelStep } from '../../model/analysis.ts';
import { GROUPS_SHOWN_MAX } from './check-breakdown.ts';
import { checkEventChoice, checkWhere } from './check-event.ts';
import { checkDuration } from './check-value.ts';
import { checkWindow } from './check-window.ts';
import { below, checkInteger, checkKeys, checkObject, checkText, field, type JsonCheck, refuse } from './json-check.ts';

/** Past that nobody can read the answer, and a profile's state stays small. */
const STEP_COUNT_MAX = 20;

export function checkFunnel(check: JsonCheck, json: unknown, at: string): FunnelRequest {
  const object = checkObject(json, at, '"funnel"');
  checkKeys(object, ['steps', 'within', 'window', 'by', 'limit'], at, '"funnel"');
  const stepsAt = below(at, 'steps');
  const list = field(object, 'steps');
  if (list === undefined)
    refuse(
      'query_invalid',
      stepsAt,
      '"funnel" needs "steps", such as [{"event":"Page Viewed"},{"event":"Order Completed"}]',
    );
  const steps = check.list(list, stepsAt, '"steps"');
  if (steps.length === 0) refuse('query_invalid', stepsAt, 'a funnel needs at least one step');
  if (steps.length > STEP_COUNT_MAX)
    refuse('query_too_large', stepsAt, `the funnel has ${steps.length} steps; ${STEP_COUNT_MAX} are allowed`);
  const within = field(object, 'within');
  const window = field(object, 'window');
  const by = field(object, 'by');
  const limit = field(object, 'limit');
  return {
    steps: steps.map((step, index) => checkStep(check, step, below(stepsAt, index), index === 0)),
    ...(within === undefined ? {} : { within: checkDuration(within, below(at, 'within'), '"within"') }),
    ...(window === undefined ? {} : { window: checkWindow(check, window, below(at, 'window')) }),
    ...(by === undefined ? {} : { by: checkBy(by, below(at, 'by')) }),
    ...(limit === undefined ? {} : { limit: checkInteger(limit, below(at, 'limit'), '"limit"', 1, GROUPS_SHOWN_MAX) }),
  };
}

function checkStep(check: JsonCheck, json: unknown, at: string, isFirst: boolean): FunnelStep {
  check.countNode(at);
  check.countEvent(at);
  const object = checkObject(json, at, 'a step of a funnel');
  checkKeys(object, ['event', 'where', 'without'], at, 'a step of a funnel');
  const without = field(object, 'without');
  const withoutAt = below(at, 'without');
  if (isFirst && without !== undefined) {
    refuse('query_invalid', withoutAt, '"without" looks back to the step before, so the first step cannot have it');
  }
  return {
    event: checkText(field(object, 'event'), below(at, 'event'), 'the event name'),
    ...checkWhere(check, object, at),
    ...(without === undefined ? {} : { without: checkEventChoice(check, without, withoutAt, '"without"') }),
  };
}

function checkBy(json: unknown, at: string): NonNullable<FunnelRequest['by']> {
  if (typeof json === 'string') return { trait: checkText(json, at, 'the trait') };
  const object = checkObject(json, at, '"by"');
  checkKeys(object, ['trait', 'property'], at, '"by"');
  const trait = field(object, 'trait');
  const property = field(object, 'property');
  if ((trait === undefined) === (property === undefined)) {
    refuse('query_invalid', at, '"by" has either "trait" or "property"');
  }
  if (trait !== undefined) return { trait: checkText(trait, below(at, 'trait'), '"trait"') };
  return { property: checkText(property, below(at, 'property'), '"property"') };
}
