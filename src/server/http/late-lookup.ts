/**
 * A lookup over HTTP that the engine answers later: the exchange is itself who waits for the answer, so that no promise stands between the
 * door and the link to a shard (bench: cluster-overhead).
 */
import type { Gateway, LookupTaker } from '../../engine/gateway.ts';
import { EngineError, errorBody } from '../../model/error.ts';
import type { LookupOptions } from '../../model/profile.ts';
import { typedIdentifier } from '../lookup/address.ts';
import { Exchange } from './exchange.ts';

/** One error for all misses, made once: misses are as hot as hits, and a stack trace costs more than the lookup. */
export const PROFILE_NOT_FOUND = new EngineError('profile_not_found', 'no profile has this identifier');
const NOT_FOUND_BODY = JSON.stringify(errorBody(PROFILE_NOT_FOUND));

type LookUpFor = NonNullable<Gateway['lookUpFor']>;

export class LateLookup extends Exchange implements LookupTaker {
  /** To be asked for as a user_id when the typed reading finds nobody. */
  #second: string | undefined;
  #options: LookupOptions | undefined;

  /** Readings of the address as `lookupJsonAt` has them. */
  ask(address: string, options: LookupOptions | undefined, lookUpFor: LookUpFor): void {
    const typed = typedIdentifier(address);
    if (typed !== undefined) {
      this.#second = address;
      this.#options = options;
    }
    lookUpFor(this, typed ?? { type: 'user_id', value: address }, options);
  }

  /** Never throws: who brings the answer has others to bring. */
  resolve(json: Uint8Array | undefined): void {
    try {
      const { engine } = this.door;
      const second = this.#second;
      if (json !== undefined) this.sendBorrowed(json, engine.epoch);
      else if (second === undefined || engine.lookUpFor === undefined) this.sendNotFound();
      else {
        this.#second = undefined;
        engine.lookUpFor(this, { type: 'user_id', value: second }, this.#options);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  reject(error: unknown): void {
    this.fail(error);
  }

  sendNotFound(): void {
    this.send(PROFILE_NOT_FOUND.status, 'application/json', NOT_FOUND_BODY);
  }
}
