/**
 * Trying a merge or an unmerge: the profiles concerned are copied, as if they moved, into a small shard of their own that nobody sees; there it is
 * done in earnest, and the outcome is read. So a dry run cannot differ from the real thing.
 */
import { EventTape } from '../../ingest/event-tape.ts';
import { ItemScanner } from '../../ingest/item-scanner.ts';
import { KnownNames } from '../../ingest/known-name.ts';
import { NameInterner } from '../../ingest/name-interner.ts';
import { SlabMemory } from '../../memory/slab-memory.ts';
import { NO_INGEST_LIMITS } from '../../model/limits.ts';
import type { Identifier, Profile } from '../../model/profile.ts';
import { ProfileRenderer } from '../../profile/profile-renderer.ts';
import { ShardData } from '../../profile/shard-data.ts';
import { packProfile, unpackProfile } from '../../profile/transfer.ts';
import type { ProfileAddress } from '../../router/profile-address.ts';
import type { IdentityCommand } from '../../shard/identity-command.ts';
import { executeIdentity } from '../../shard/identity-execution.ts';

export class Rehearsal {
  readonly data: ShardData;
  readonly #scanner: ItemScanner;
  readonly #renderer: ProfileRenderer;

  constructor(profiles: readonly ProfileAddress[]) {
    const { hashSeed, traits } = profiles[0].shard.data;
    const names = new NameInterner(Number.POSITIVE_INFINITY);
    this.data = new ShardData(new SlabMemory(), names, {
      dedup: { windowMs: 0, count: 2 },
      cacheSizeBytes: 0,
      hashSeed,
    });
    this.data.traits.survivorship = traits.survivorship;
    this.#scanner = new ItemScanner(new EventTape(), names, new KnownNames(names), NO_INGEST_LIMITS, hashSeed);
    for (const { shard, row } of profiles) {
      unpackProfile(this.data, packProfile(shard.data, row), -1, this.#scanner, 0);
    }
    this.data.traits.foldNow();
    this.#renderer = new ProfileRenderer(this.data);
  }

  play(command: IdentityCommand): void {
    executeIdentity(this.data, command, this.#scanner);
    this.data.traits.foldNow();
  }

  /** The profile that has the identifier; undefined when none has. */
  profile(identifier: Identifier): Profile | undefined {
    const code = this.data.codeOf(identifier);
    if (code === 0) return undefined;
    const row = this.data.identifiers.rowOf(code);
    return row >= this.data.profiles.count ? undefined : this.profileAt(row);
  }

  profileAt(row: number): Profile {
    this.#renderer.render(row, {});
    const { bytes, start, end } = this.#renderer;
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')) as Profile;
  }

  /** All that live. */
  profiles(): Profile[] {
    const found: Profile[] = [];
    for (let row = 0; row < this.data.profiles.count; row++)
      if (!this.data.isDead(row)) found.push(this.profileAt(row));
    return found;
  }
}
