/**
 * Profiles that other processes ask for, and those of this process' own door. Guarded by the benches cluster-overhead and cluster-direct: from the
 * asked identifier's bytes to the profile's without an object between.
 */
import type { EmbeddedEngine } from '../../engine/embedded-engine.ts';
import { borrowing, type Handler } from '../../link/handler.ts';
import { EngineError } from '../../model/error.ts';
import type { Identifier, LookupOptions } from '../../model/profile.ts';
import type { Shard } from '../../shard/shard.ts';
import { AnswerWriter, type Elsewhere, type LedBy, QuestionReader } from '../lookup-wire.ts';

export interface LookupParts {
  readonly own: Shard;
  readonly engine: Pick<EmbeddedEngine, 'lookupJson'>;
  readonly assertServing: () => void;
}

/** `placeOf`: as far as this shard knows. */
export function lookupCall(
  { own, engine, assertServing }: LookupParts,
  placeOf: (identifier: Identifier, by: LedBy | undefined) => 'here' | Elsewhere | null,
): Handler {
  const reader = new QuestionReader();
  const writer = new AnswerWriter();
  const { renderer } = own;
  return borrowing((question, { peer }) => {
    assertServing();
    if (!(question instanceof Uint8Array)) throw new EngineError('invalid_request', 'a lookup is asked for in bytes');
    reader.open(question);
    writer.begin();
    const { count, options, by } = reader;
    const isOfNow = isPresent(options);
    for (let left = count; left > 0; left--) {
      reader.next();
      const row = own.rowOfBytes(reader.type, reader.bytes, reader.valueAt, reader.valueSize);
      if (isOfNow && typeof row === 'number' && row >= 0) {
        renderer.render(row, options);
        writer.profile(renderer.bytes, renderer.start, renderer.end);
        continue;
      }
      const identifier = reader.identifier();
      const place = placeOf(identifier, by);
      const json = place === 'here' ? engine.lookupJson(identifier, options) : undefined;
      if (json !== undefined) writer.profile(json, 0, json.length);
      else if (place === null || place === 'here') writer.nobody();
      else writer.elsewhere(place);
    }
    const answer = writer.end();
    // On a link it is written out in this turn.
    return peer === undefined ? Uint8Array.from(answer) : answer;
  });
}

/** The profile's bytes, good until the next call into the engine, when it is here and this shard serves. */
export function lookUpHere(
  identifier: Identifier,
  options: LookupOptions | undefined,
  { own, engine, assertServing }: LookupParts,
): Uint8Array | undefined {
  const row = own.rowOf(identifier);
  if (typeof row !== 'number' || row < 0) return undefined;
  assertServing();
  if (!isPresent(options)) return engine.lookupJson(identifier, options);
  const { renderer } = own;
  renderer.render(row, options);
  return renderer.bytes.subarray(renderer.start, renderer.end);
}

/** Of the profile as it is, with nothing of where its values are from. */
function isPresent(options: LookupOptions | undefined): boolean {
  return options === undefined || (options.at === undefined && options.verbose !== true);
}
