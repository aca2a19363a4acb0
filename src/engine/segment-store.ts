/**
 * Saved segments: by key, in the order of their keys. Deterministic and in memory; a `SegmentRecord` keeps them across restarts and is
 * written before a change is seen, so that what was answered is what a restart finds. No definition ever reaches itself or one
 * that is not there: whoever is added is expanded first, with everybody who names it.
 */
import { formatIsoDate, isIsoDate } from '../base/iso-date.ts';
import { EngineError } from '../model/error.ts';
import type { Expression } from '../model/expression.ts';
import type { Segment } from '../model/segment.ts';
import { printExpression } from '../query/parser/print.ts';
import { type CheckedSegment, checkSegment, checkSegmentKey, invalid } from './segment-check.ts';
import { namedSegments, SegmentExpansion } from './segment-expansion.ts';
import type { SegmentView } from './segment-view.ts';

const FORMAT_VERSION = 1;
/** They are held whole, and written whole at each change. */
const SEGMENT_COUNT_MAX = 10_000;
/** Of all conditions as text. */
const TEXT_LENGTH_MAX = 64 * 1024 * 1024;

/** Where the segments lie between two lives of the engine. */
export interface SegmentRecord {
  /** Undefined when nothing was ever written. */
  read(): unknown;
  /** Whole or not at all, and on disk when it returns. Errors: storage_failed. */
  write(content: unknown): void;
}

export class SegmentStore implements SegmentView {
  readonly #record: SegmentRecord | undefined;
  #segments: ReadonlyMap<string, Segment> = new Map();
  #revision = 0;

  /** Without a record they live as long as the store. Errors: storage_failed when the record cannot be understood. */
  constructor(record?: SegmentRecord | undefined) {
    this.#record = record;
    const content = record?.read();
    if (content === undefined) return;
    const { segments, revision } = restore(content);
    this.#segments = segments;
    this.#revision = revision;
  }

  /** One more with every change, across restarts too: equal revisions hold equal segments. */
  get revision(): number {
    return this.#revision;
  }

  get(key: string): Segment | undefined {
    return this.#segments.get(key);
  }

  definition(key: string): Expression | undefined {
    return this.#segments.get(key)?.where;
  }

  keys(): Iterable<string> {
    return this.#segments.keys();
  }

  list(): readonly Segment[] {
    return [...this.#segments.values()];
  }

  /** Errors: unknown_segment, segment_cycle, query_too_large, invalid_segment, storage_failed. */
  save(key: string, request: CheckedSegment, nowMs: number): Segment {
    const before = this.#segments.get(key);
    if (before === undefined && this.#segments.size >= SEGMENT_COUNT_MAX) {
      throw invalid(`there are ${SEGMENT_COUNT_MAX} segments already; delete some first`, '');
    }
    const now = formatIsoDate(nowMs);
    const { name, description, where } = request;
    const segment: Segment = {
      key,
      name: name ?? key,
      ...(description === undefined ? {} : { description }),
      where,
      text: printExpression(where),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    };
    const next = new Map(this.#segments).set(key, segment);
    let textLength = 0;
    for (const { text } of next.values()) textLength += text.length;
    if (textLength > TEXT_LENGTH_MAX)
      throw invalid(`all segments together may have ${TEXT_LENGTH_MAX} characters; delete some first`, 'where');
    assertExpandable(key, next);
    this.#replace(next);
    return segment;
  }

  /** Errors: segment_not_found, segment_in_use (`details.segments` names the others), storage_failed. */
  delete(key: string): void {
    if (!this.#segments.has(key)) throw segmentNotFound(key);
    const users = this.list().filter((other) => other.key !== key && namedSegments(other.where).has(key));
    if (users.length > 0) {
      const names = users.map((user) => user.key);
      const shown = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
      throw new EngineError('segment_in_use', `${key} is part of ${shown}; change or delete that first`, {
        details: { segments: names },
      });
    }
    const next = new Map(this.#segments);
    next.delete(key);
    this.#replace(next);
  }

  /** Takes over the list of another store, in its order: for a copy, which has no record. */
  follow(revision: number, segments: readonly Segment[]): void {
    if (revision < this.#revision) return;
    this.#revision = revision;
    this.#segments = new Map(segments.map((segment) => [segment.key, segment]));
  }

  #replace(segments: ReadonlyMap<string, Segment>): void {
    const ordered = [...segments.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const revision = this.#revision + 1;
    this.#record?.write({
      version: FORMAT_VERSION,
      revision,
      segments: ordered.map(({ text: _, ...kept }) => kept),
    });
    this.#revision = revision;
    this.#segments = new Map(ordered.map((segment) => [segment.key, segment]));
  }
}

export function segmentNotFound(key: string): EngineError {
  return new EngineError('segment_not_found', `there is no segment ${JSON.stringify(key.slice(0, 64))}`);
}

/** The new one and all that lead to it: a larger part may make a whole too large. */
function assertExpandable(key: string, segments: ReadonlyMap<string, Segment>): void {
  const expansion = new SegmentExpansion({
    definition: (name) => segments.get(name)?.where,
    keys: () => segments.keys(),
  });
  const usersOf = new Map<string, string[]>();
  for (const segment of segments.values()) {
    for (const name of namedSegments(segment.where)) {
      const users = usersOf.get(name);
      if (users === undefined) usersOf.set(name, [segment.key]);
      else users.push(segment.key);
    }
  }
  const reached = new Set([key]);
  for (const name of reached) {
    expansion.expandKey(name);
    for (const user of usersOf.get(name) ?? []) reached.add(user);
  }
}

interface Restored {
  readonly segments: ReadonlyMap<string, Segment>;
  readonly revision: number;
}

function restore(content: unknown): Restored {
  try {
    const { version, revision, segments } = content as {
      version: unknown;
      revision: unknown;
      segments: readonly Record<string, unknown>[];
    };
    if (version !== FORMAT_VERSION) throw new Error(`its format is ${String(version)}, not ${FORMAT_VERSION}`);
    return { segments: new Map(segments.map(restoreSegment)), revision: checkRevision(revision) };
  } catch (error) {
    throw new EngineError('storage_failed', `the saved segments cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function restoreSegment({
  key: sentKey,
  createdAt,
  updatedAt,
  ...request
}: Record<string, unknown>): [string, Segment] {
  const key = checkSegmentKey(sentKey);
  const { name, description, where } = checkSegment(request);
  const segment: Segment = {
    key,
    name: name ?? key,
    ...(description === undefined ? {} : { description }),
    where,
    text: printExpression(where),
    createdAt: checkTime(createdAt),
    updatedAt: checkTime(updatedAt),
  };
  return [key, segment];
}

/** Absent where it was written before there were revisions. */
function checkRevision(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error('its revision is no whole number');
}

function checkTime(value: unknown): string {
  if (typeof value === 'string' && isIsoDate(value)) return value;
  throw new Error('a segment has no time');
}
