/** Overlap: saved segments by key, or conditions with a name of their own. */
import type { OverlapRequest } from '../../model/analysis.ts';
import type { Expression } from '../../model/expression.ts';
import { checkExpression } from './check-expression.ts';
import { below, checkKeys, checkObject, checkText, field, type JsonCheck, kindOf, refuse } from './json-check.ts';
import { parseText } from './parse-text.ts';
import { quoted } from './suggestion.ts';

/** 4,950 pairs. */
const SEGMENT_COUNT_MAX = 100;

/** Every entry with its condition; a key alone is the saved segment. */
export interface CheckedOverlap {
  readonly segments: readonly { readonly name: string; readonly where: Expression }[];
}

export function checkOverlap(check: JsonCheck, json: unknown, at: string): CheckedOverlap & OverlapRequest {
  const object = checkObject(json, at, '"overlap"');
  checkKeys(object, ['segments'], at, '"overlap"');
  const listAt = below(at, 'segments');
  const list = check.list(field(object, 'segments') ?? [], listAt, '"segments"');
  if (list.length === 0)
    refuse('query_invalid', listAt, '"overlap" needs "segments": keys, or {"name", "where"} for conditions');
  if (list.length > SEGMENT_COUNT_MAX) {
    refuse('query_too_large', listAt, `"segments" has ${list.length} entries; ${SEGMENT_COUNT_MAX} are allowed`);
  }
  const segments = list.map((item, index) => checkSegment(check, item, below(listAt, index)));
  const names = new Set<string>();
  segments.forEach(({ name }, index) => {
    if (names.has(name)) refuse('query_invalid', below(listAt, index), `${quoted(name)} is there twice`);
    names.add(name);
  });
  return { segments };
}

function checkSegment(check: JsonCheck, json: unknown, at: string): CheckedOverlap['segments'][number] {
  if (typeof json === 'string') {
    const name = checkText(json, at, 'the key of a segment');
    return { name, where: { segment: name } };
  }
  if (typeof json !== 'object' || json === null)
    refuse('query_type', at, `a segment is its key or {"name", "where"}, not ${kindOf(json)}`);
  const object = checkObject(json, at, 'a segment');
  checkKeys(object, ['name', 'where'], at, 'a segment');
  const name = checkText(field(object, 'name'), below(at, 'name'), '"name"');
  const where = field(object, 'where');
  const whereAt = below(at, 'where');
  if (where === undefined) refuse('query_invalid', whereAt, 'the condition is missing: add "where"');
  if (typeof where === 'string') return { name, where: parseText(where, check.limits) };
  check.countNode(at);
  return { name, where: checkExpression(where, check.limits, whereAt) };
}
