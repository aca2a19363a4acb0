/** Lookups that are asked for in one turn travel in one frame for each door: up to 1,000 profiles, each as its JSON text. */
import type { Identifier, LookupOptions, Profile } from '../model/profile.ts';
import { slotOfAddress } from './cluster-map.ts';
import type { Answer } from './frame.ts';
import { KithError } from './kith-error.ts';

/** A text is a user id, or `email:a@b.c`; spelt out it has one reading only. */
export type Address = string | Identifier;

export interface GetRequest {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly slot: number;
  resolve(answer: Answer): void;
  reject(error: KithError): void;
}

export interface LookupOwner {
  /** Two slots with the same text are served by the same door. */
  doorNameOf(slot: number): string;
  ask(request: GetRequest): void;
}

interface Wanted {
  readonly address: Address;
  readonly slot: number;
  resolve(profile: Profile | undefined): void;
  reject(error: KithError): void;
}

interface Group {
  readonly options: LookupOptions;
  readonly wanted: Wanted[];
}

const MAX_IDS = 1_000;

export class Lookups {
  readonly #owner: LookupOwner;
  /** By what is to be read of each profile. */
  #groups = new Map<string, Group>();

  constructor(owner: LookupOwner) {
    this.#owner = owner;
  }

  /** Errors: invalid_request, at once, so that it does not sink those who ask in the same frame. */
  get(address: Address, options: LookupOptions): Promise<Profile | undefined> {
    if (!isAddress(address))
      throw new KithError(
        'invalid_request',
        'a profile is named by a text ("user-1", "email:a@b.c") or by {type, value}',
      );
    const { fields, events, at, verbose } = options;
    const key = JSON.stringify([fields, events, at, verbose]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { options, wanted: [] };
      this.#groups.set(key, group);
      if (this.#groups.size === 1) queueMicrotask(() => this.#ask());
    }
    const { wanted } = group;
    const slot = slotOfAddress(address);
    return new Promise((resolve, reject) => wanted.push({ address, slot, resolve, reject }));
  }

  #ask(): void {
    const groups = this.#groups;
    this.#groups = new Map();
    for (const { options, wanted } of groups.values()) {
      const byDoor = new Map<string, Wanted[]>();
      for (const one of wanted) {
        const door = this.#owner.doorNameOf(one.slot);
        const those = byDoor.get(door);
        if (those === undefined) byDoor.set(door, [one]);
        else those.push(one);
      }
      for (const those of byDoor.values()) {
        for (let at = 0; at < those.length; at += MAX_IDS) this.#askFor(those.slice(at, at + MAX_IDS), options);
      }
    }
  }

  #askFor(wanted: readonly Wanted[], { fields, events, at, verbose }: LookupOptions): void {
    this.#owner.ask({
      fields: { ids: wanted.map(({ address }) => address), format: 'json', fields, events, at, verbose },
      slot: wanted[0].slot,
      resolve: (answer) => settle(wanted, answer['profiles']),
      reject: (error) => {
        for (const one of wanted) one.reject(error);
      },
    });
  }
}

function settle(wanted: readonly Wanted[], profiles: unknown): void {
  const texts: readonly unknown[] = Array.isArray(profiles) ? profiles : [];
  for (const [index, one] of wanted.entries()) {
    const profile = texts[index] === null ? null : profileOf(texts[index]);
    if (profile === undefined)
      one.reject(new KithError('internal', 'the server answered a lookup with what is no profile'));
    else one.resolve(profile ?? undefined);
  }
}

/** Undefined when it is none. */
function profileOf(text: unknown): Profile | undefined {
  try {
    return typeof text === 'string' ? (JSON.parse(text) as Profile) : undefined;
  } catch {
    return undefined;
  }
}

function isAddress(address: unknown): address is Address {
  if (typeof address === 'string') return true;
  if (typeof address !== 'object' || address === null) return false;
  const { type, value } = address as Partial<Identifier>;
  return typeof type === 'string' && typeof value === 'string';
}
