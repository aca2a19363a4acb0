/**
 * The rules of identity while the engine runs: kept in the data folder (`identity.json`), put in force between two items. What rules
 * decided is in the log, so a replay needs none of them but survivorship, which is a command of each shard.
 */
import { DEFAULT_IDENTITY_SETTINGS } from '../../identity/default-settings.ts';
import { readIdentitySettings } from '../../identity/settings.ts';
import { EngineError } from '../../model/error.ts';
import type { IdentitySettings } from '../../model/identity.ts';
import type { IdentitySettingsAnswer } from '../../model/identity-request.ts';
import type { Router } from '../../router/router.ts';
import type { Slices } from '../schema/slices.ts';
import type { SegmentRecord } from '../segment-store.ts';
import { ruleImpact } from './rule-impact.ts';

const FORMAT_VERSION = 1;

export class IdentitySettingsService {
  readonly #router: Router;
  readonly #record: SegmentRecord | undefined;
  readonly #onForce: (settings: IdentitySettings) => void;
  #settings: IdentitySettings;

  /**
   * `given` = what `open` was told, which goes before what the record has. `onForce` hears of every settings put in force. Errors:
   * storage_failed, invalid_identity_settings.
   */
  constructor(
    router: Router,
    record: SegmentRecord | undefined,
    given: IdentitySettings | undefined,
    onForce: (settings: IdentitySettings) => void,
  ) {
    this.#router = router;
    this.#record = record;
    this.#onForce = onForce;
    this.#settings = given ?? restored(record) ?? DEFAULT_IDENTITY_SETTINGS;
    this.#force();
  }

  get settings(): IdentitySettings {
    return this.#settings;
  }

  /** Puts other rules in force, or only says what that would mean. Errors: invalid_identity_settings, storage_failed. */
  async put(json: unknown, isDry: boolean, slices: Slices): Promise<IdentitySettingsAnswer> {
    const settings = readIdentitySettings(json);
    const impact = await ruleImpact(this.#router.shards, settings, slices);
    if (isDry) return { settings, impact, isDone: false };
    this.#record?.write({ version: FORMAT_VERSION, settings });
    this.#settings = settings;
    this.#force();
    const waiting = this.#router.shards.filter(({ appliedSeq }) => appliedSeq > 0);
    await Promise.all(waiting.map(({ storage, appliedSeq }) => storage.log.durable(appliedSeq)));
    return { settings, impact, isDone: true };
  }

  #force(): void {
    this.#router.setIdentitySettings(this.#settings);
    this.#onForce(this.#settings);
  }
}

function restored(record: SegmentRecord | undefined): IdentitySettings | undefined {
  const content = record?.read() as { version?: unknown; settings?: unknown } | undefined;
  if (content === undefined) return undefined;
  if (content.version !== FORMAT_VERSION) {
    throw new EngineError(
      'storage_failed',
      `the identity settings have format ${String(content.version)}, not ${FORMAT_VERSION}`,
    );
  }
  return readIdentitySettings(content.settings);
}
