/**
 * A question as it comes in → checked, with saved segments put in place of their keys, and what should be said about its names. Mistakes
 * that only the saved segments or the data can show are placed in the text, as those of the grammar are.
 */
import { EngineError } from '../model/error.ts';
import type { Expression } from '../model/expression.ts';
import type { QueryRequest, QueryWarning } from '../model/query.ts';
import { type CheckedRequest, checkRequest } from '../query/parser/check-request.ts';
import { placesInText } from '../query/parser/parse-text.ts';
import type { NameCheck } from './name-check.ts';
import { expandSegments, type SegmentDefinitions } from './segment-expansion.ts';

export interface ReadQuestion {
  readonly request: CheckedRequest;
  readonly warnings: readonly QueryWarning[];
}

/** A question whose names were not looked for yet. */
export interface CheckedQuestion {
  readonly request: CheckedRequest;
  /** The condition as it was written, if it was. */
  readonly text: string | undefined;
}

export class QuestionReader {
  readonly #segments: SegmentDefinitions;
  readonly #names: NameCheck;

  constructor(segments: SegmentDefinitions, names: NameCheck) {
    this.#segments = segments;
    this.#names = names;
  }

  /** Errors: as of `checkQuestion` and `readQuestion`. */
  read(json: QueryRequest): ReadQuestion {
    const checked = checkQuestion(json);
    return readQuestion(checked, this.#names.ofRequest(checked.request, checked.text), this.#segments);
  }
}

/** Errors: as of `checkRequest`. */
export function checkQuestion(json: QueryRequest): CheckedQuestion {
  return { request: checkRequest(json), text: typeof json.where === 'string' ? json.where : undefined };
}

/** `warnings`: of its names. Errors: as of `expandSegments`; query_unknown_name where the question is strict. */
export function readQuestion(
  { request, text }: CheckedQuestion,
  warnings: readonly QueryWarning[],
  segments: SegmentDefinitions,
): ReadQuestion {
  if (warnings.length > 0 && request.strict === true) throw unknownName(warnings);
  return { request: expandRequest(request, text, segments), warnings };
}

function expandRequest(
  request: CheckedRequest,
  text: string | undefined,
  segments: SegmentDefinitions,
): CheckedRequest {
  const { where, overlap } = request;
  const expanded = where === undefined ? undefined : inText(text, () => expandSegments(where, segments), '/where');
  const isSame = expanded === where && overlap === undefined;
  if (isSame) return request;
  return {
    ...request,
    ...(expanded === undefined ? {} : { where: expanded }),
    ...(overlap === undefined ? {} : { overlap: expandOverlap(overlap, segments) }),
  };
}

function expandOverlap<Overlap extends NonNullable<CheckedRequest['overlap']>>(
  overlap: Overlap,
  definitions: SegmentDefinitions,
): Overlap {
  const expand = (where: Expression, at: string, own?: string): Expression =>
    inText(undefined, () => expandSegments(where, definitions), at, own);
  const segments = overlap.segments.map((segment, i) => {
    const at = `/overlap/segments/${i}`;
    if (typeof segment === 'string') return { name: segment, where: expand({ segment }, at, '/segment') };
    const { name, where } = segment;
    if (typeof where === 'string') return segment;
    // The check made a condition of a key that stood alone: the place is the key's.
    const isKey = 'segment' in where && where.segment === name;
    return { ...segment, where: isKey ? expand(where, at, '/segment') : expand(where, `${at}/where`) };
  });
  return { ...overlap, segments };
}

/**
 * Errors about saved segments get the span of the leaf that led to them in the text; without one their pointer, which is into the condition, begins at `at`,
 * where the condition stands in the request. `own`: an end of the pointer that the caller did not write.
 */
export function inText<Result>(text: string | undefined, expand: () => Result, at = '', own = ''): Result {
  try {
    return expand();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const key = typeof error.details?.['pointer'] === 'string' ? 'pointer' : 'path';
    const place = error.details?.[key];
    if (typeof place !== 'string') throw error;
    const isText = text !== undefined;
    const whole = isText ? place : at + (place.endsWith(own) ? place.slice(0, place.length - own.length) : place);
    const details = { ...error.details, [key]: whole };
    const span = isText ? placesInText(text)(place) : undefined;
    throw new EngineError(error.code, error.message, { details, span, cause: error });
  }
}

function unknownName(warnings: readonly QueryWarning[]): EngineError {
  const [{ message, name, suggestion, path, position, end }] = warnings;
  const span = position === undefined || end === undefined ? undefined : { start: position, end };
  const names = warnings.map((warning) => warning.name);
  return new EngineError('query_unknown_name', message, {
    details: {
      name,
      ...(suggestion === undefined ? {} : { suggestion }),
      names,
      ...(path === undefined ? {} : { path }),
    },
    span,
  });
}
