/** Recency, frequency, monetary: which events are purchases, and which property is the money. */
import { RFM_CELLS, type RfmRequest } from '../../model/analysis.ts';
import type { QueryLimits } from '../../model/limits.ts';
import { checkWhere } from './check-event.ts';
import { checkWindow } from './check-window.ts';
import {
  below,
  checkInteger,
  checkKeys,
  checkObject,
  checkText,
  checkWord,
  field,
  type JsonCheck,
} from './json-check.ts';

/** The answer lists every triple of scores that occurs. */
const SCORES_MAX = 10;

export function checkRfm(check: JsonCheck, json: unknown, at: string): RfmRequest {
  const object = checkObject(json, at, '"rfm"');
  checkKeys(object, ['event', 'amount', 'order', 'where', 'window', 'scores', 'members'], at, '"rfm"');
  const order = field(object, 'order');
  const scores = field(object, 'scores');
  const members = field(object, 'members');
  const window = field(object, 'window');
  return {
    event: checkText(field(object, 'event'), below(at, 'event'), 'the event name'),
    amount: checkText(field(object, 'amount'), below(at, 'amount'), 'the property that is money'),
    ...(order === undefined
      ? {}
      : { order: checkText(order, below(at, 'order'), 'the property that names the order') }),
    ...checkWhere(check, object, at),
    ...(window === undefined ? {} : { window: checkWindow(check, window, below(at, 'window')) }),
    ...(scores === undefined ? {} : { scores: checkInteger(scores, below(at, 'scores'), '"scores"', 2, SCORES_MAX) }),
    ...(members === undefined ? {} : { members: checkMembers(check.limits, members, below(at, 'members')) }),
  };
}

function checkMembers(limits: QueryLimits, json: unknown, at: string): NonNullable<RfmRequest['members']> {
  const object = checkObject(json, at, '"members"');
  checkKeys(object, ['limit', 'cursor', 'cell'], at, '"members"');
  const limit = field(object, 'limit');
  const cursor = field(object, 'cursor');
  const cell = field(object, 'cell');
  return {
    ...(limit === undefined ? {} : { limit: checkInteger(limit, below(at, 'limit'), '"limit"', 1, limits.pageLimit) }),
    ...(cursor === undefined ? {} : { cursor: checkText(cursor, below(at, 'cursor'), '"cursor"') }),
    ...(cell === undefined ? {} : { cell: checkWord(cell, RFM_CELLS, below(at, 'cell'), '"cell"') }),
  };
}
