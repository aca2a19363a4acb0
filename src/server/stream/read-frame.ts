/** Lookups and queries over a stream. Lookups are answered at once, in order, where the engine answers at once; else, and queries always, when they are done. */
import { Packr } from 'msgpackr';
import { isPromise } from '../../base/awaitable.ts';
import { EngineError } from '../../model/error.ts';
import { READ } from '../auth/key-ring.ts';
import { epochPart, epochText } from '../cluster-epoch.ts';
import { requireRights } from '../http/access.ts';
import type { BytePage } from '../lookup/byte-page.ts';
import { parseAddresses, parseLookupOptions } from '../lookup/lookup-request.ts';
import { PagePool } from '../lookup/page-pool.ts';
import {
  finishProfilesJson,
  parsedProfiles,
  writeAsStrings,
  writeProfilesAsStrings,
  writeProfilesJson,
} from '../lookup/profile-list.ts';
import { parseQueryRequest } from '../query-request.ts';
import { showingMistakes } from '../text-mistake.ts';
import { encode, encodeError, type Payload, refText } from './frame-answer.ts';
import { knownError } from './ingest-frame.ts';
import type { Outgoing, Session } from './session.ts';

type Message = Readonly<Record<string, unknown>>;

const QUERY_ENVELOPE: ReadonlySet<string> = new Set(['op', 'ref']);
/** msgpack: a map of so many, and the text "ref"; the texts "epoch", in a cluster, and "profiles" come after the ref. */
const REF_HEAD = Buffer.from([0x82, 0xa3, 0x72, 0x65, 0x66]);
const REF_HEAD_OF_THREE = Buffer.from([0x83, 0xa3, 0x72, 0x65, 0x66]);
const EPOCH_HEAD = Buffer.from([0xa5, 0x65, 0x70, 0x6f, 0x63, 0x68]);
const PROFILES_HEAD = Buffer.from([0xa8, 0x70, 0x72, 0x6f, 0x66, 0x69, 0x6c, 0x65, 0x73]);
const packr = new Packr({ useRecords: false });
/** Of answers that come later. */
const pages = new PagePool();

/**
 * `{"op":"get","ids":[…],"fields"?,"events"?,"ref"}`. In a msgpack frame `"format":"json"` asks for each profile as its
 * JSON text: the server then copies bytes and encodes nothing. Hot (bench: lookup-batch).
 */
export function lookupFrame(session: Session, page: BytePage, message: Message, isBinary: boolean): void {
  requireRights(session.rights, READ);
  const { engine } = session.door;
  const ref = message['ref'];
  const addresses = parseAddresses(message['ids']);
  const options = parseLookupOptions(
    message['fields'] ?? undefined,
    message['events'] ?? undefined,
    message['at'] ?? undefined,
    message['verbose'] ?? undefined,
  );
  assertRoom(session, addresses.length);
  if (isBinary && message['format'] !== 'json') {
    const profiles = parsedProfiles(engine, addresses, options);
    const answer = (list: readonly unknown[]): Payload =>
      encode({ ref: ref ?? null, profiles: list, ...epochPart(engine.epoch) }, true);
    if (isPromise(profiles)) answerLater(session, ref, addresses.length, true, profiles, answer);
    else session.send(answer(profiles));
    return;
  }
  page.reset();
  if (isBinary) {
    page.bytes(engine.epoch === undefined ? REF_HEAD : REF_HEAD_OF_THREE);
    writeRef(page, ref ?? null);
    if (engine.epoch !== undefined) {
      page.bytes(EPOCH_HEAD);
      page.bytes(packr.pack(engine.epoch));
    }
    page.bytes(PROFILES_HEAD);
  } else page.text(`{"ref":${refText(ref)}${epochText(engine.epoch)},"profiles":`);
  const late = (isBinary ? writeProfilesAsStrings : writeProfilesJson)(page, engine, addresses, options);
  if (late === undefined) {
    if (!isBinary) page.text('}');
    session.send(page.view(), isBinary);
    return;
  }
  const begun = Buffer.from(page.view());
  answerLater(session, ref, addresses.length, isBinary, late.profiles, (found) => {
    const own = pages.take();
    own.bytes(begun);
    if (isBinary) writeAsStrings(own, found);
    else {
      finishProfilesJson(own, late.index, found);
      own.text('}');
    }
    return { lent: own.view(), isBinary, release: () => pages.give(own) };
  });
}

/** As msgpack. Nearly every ref is a count, which needs no packer. */
function writeRef(page: BytePage, ref: unknown): void {
  if (typeof ref !== 'number' || !Number.isInteger(ref) || ref < 0 || ref > 0xffff) page.bytes(packr.pack(ref));
  else if (ref < 0x80) page.byte(ref);
  else {
    if (ref <= 0xff) page.byte(0xcc);
    else {
      page.byte(0xcd);
      page.byte(ref >>> 8);
    }
    page.byte(ref & 0xff);
  }
}

/** What a client asks faster than it is answered waits here, so it is bounded; nothing ever waits where the engine answers at once. */
function assertRoom(session: Session, count: number): void {
  const { lookupCount } = session.door.settings.stream;
  if (session.lookupCount === 0 || session.lookupCount + count <= lookupCount) return;
  throw new EngineError('too_many_requests', `one connection may wait for at most ${lookupCount} profiles at once`, {
    retryAfterMs: 100,
  });
}

/** `make` runs in the turn in which the profiles come, and must not pause. */
function answerLater<T>(
  session: Session,
  ref: unknown,
  count: number,
  isBinary: boolean,
  later: Promise<T>,
  make: (found: T) => Outgoing,
): void {
  const { lifecycle } = session.door;
  session.lookupCount += count;
  lifecycle.begin();
  later
    .then((found) => session.sendSoon(make(found)))
    .catch((error: unknown) => session.sendSoon(encodeError('ref', ref, knownError(session, error), isBinary)))
    .finally(() => {
      session.lookupCount -= count;
      lifecycle.end();
    });
}

/** `{"op":"query",…,"ref"}` → `{"ref",…answer}`. The connection's end cancels it. */
export function queryFrame(session: Session, message: Message, isBinary: boolean): void {
  requireRights(session.rights, READ);
  const { engine, lifecycle, settings } = session.door;
  const ref = message['ref'] ?? null;
  const request = parseQueryRequest(message, QUERY_ENVELOPE);
  if (session.queryCount >= settings.stream.queryCount) {
    throw new EngineError(
      'too_many_requests',
      `at most ${settings.stream.queryCount} queries of one connection run at once`,
      { retryAfterMs: 100 },
    );
  }
  session.queryCount += 1;
  lifecycle.begin();
  showingMistakes(request.where, () => engine.query(request, session.signal))
    .then(
      (answer) => session.sendSoon(encode({ ref, ...answer }, isBinary)),
      (error: unknown) => session.sendSoon(encodeError('ref', ref, knownError(session, error), isBinary)),
    )
    .catch((error: unknown) => session.sendSoon(encodeError('ref', ref, knownError(session, error), isBinary)))
    .finally(() => {
      session.queryCount -= 1;
      lifecycle.end();
    });
}
