/** The names that the engine itself understands, interned first and in this order so that their ids are constants. */
import { KIND_ALIAS, KIND_GROUP, KIND_IDENTIFY, KIND_PAGE, KIND_SCREEN, KIND_TRACK } from './event-tape.ts';
import { type NameInterner, ROOT_CONTEXT, ROOT_ENVELOPE, ROOT_PROPERTIES } from './name-interner.ts';

const ENVELOPE = [
  'type',
  'userId',
  'anonymousId',
  'messageId',
  'previousId',
  'groupId',
  'event',
  'properties',
  'traits',
  'context',
  'timestamp',
  'originalTimestamp',
  'sentAt',
  'name',
  'category',
  // Delivery data of the sender: read by nobody here, never stored.
  'integrations',
  'receivedAt',
  'writeKey',
  'channel',
  'version',
  '_metadata',
  'rudderId',
  'projectId',
] as const;

const FIRST = 4;
const idOf = (name: (typeof ENVELOPE)[number]): number => FIRST + ENVELOPE.indexOf(name);

/** Path ids of envelope fields. Fields up to `lastDelivery` that have no meaning of their own are skipped. */
export const KNOWN = {
  type: idOf('type'),
  userId: idOf('userId'),
  anonymousId: idOf('anonymousId'),
  messageId: idOf('messageId'),
  previousId: idOf('previousId'),
  groupId: idOf('groupId'),
  event: idOf('event'),
  properties: idOf('properties'),
  traits: idOf('traits'),
  context: idOf('context'),
  timestamp: idOf('timestamp'),
  originalTimestamp: idOf('originalTimestamp'),
  sentAt: idOf('sentAt'),
  name: idOf('name'),
  category: idOf('category'),
  lastDelivery: FIRST + ENVELOPE.length - 1,
} as const;

const KINDS: ReadonlyMap<string, number> = new Map([
  ['track', KIND_TRACK],
  ['identify', KIND_IDENTIFY],
  ['page', KIND_PAGE],
  ['screen', KIND_SCREEN],
  ['group', KIND_GROUP],
  ['alias', KIND_ALIAS],
]);

/** 0 for a name that is no kind. */
export function kindOfName(name: string): number {
  return KINDS.get(name) ?? 0;
}

export class KnownNames {
  readonly externalIds: number;
  readonly propertyName: number;
  readonly propertyCategory: number;
  readonly propertyGroupId: number;
  readonly propertyTraits: number;
  readonly contextTraits: number;
  readonly contextExtra: number;

  constructor(names: NameInterner) {
    for (const name of ENVELOPE) names.path(ROOT_ENVELOPE, [name]);
    this.externalIds = names.path(ROOT_CONTEXT, ['externalIds']);
    this.propertyName = names.path(ROOT_PROPERTIES, ['name']);
    this.propertyCategory = names.path(ROOT_PROPERTIES, ['category']);
    this.propertyGroupId = names.path(ROOT_PROPERTIES, ['group_id']);
    this.propertyTraits = names.path(ROOT_PROPERTIES, ['traits']);
    this.contextTraits = names.path(ROOT_CONTEXT, ['traits']);
    this.contextExtra = names.path(ROOT_CONTEXT, ['extra']);
  }

  /** Kind of a type text, 0 when unknown. `track`, nearly all traffic, is told without making a string. */
  kindOf(bytes: Uint8Array, offset: number, length: number): number {
    if (length < 4 || length > 8) return 0;
    if (
      length === 5 &&
      bytes[offset] === 0x74 &&
      bytes[offset + 1] === 0x72 &&
      bytes[offset + 2] === 0x61 &&
      bytes[offset + 3] === 0x63 &&
      bytes[offset + 4] === 0x6b
    ) {
      return KIND_TRACK;
    }
    return kindOfName(Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1'));
  }
}
