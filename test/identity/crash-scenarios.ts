/** Short stories in which profiles move between shards in every way, for crashes at every point of them. */
import { bring, items, keyOn, type Step } from './crash-script.ts';

export interface Scenario {
  readonly name: string;
  readonly shards: number;
  readonly steps: readonly Step[];
}

function many(count: number, ...keys: readonly string[]): Step {
  return items(...Array.from({ length: count }, () => bring(keys)));
}

function two(): { user: string; visitor: string; shards: number } {
  return { user: keyOn('user_id', 0, 2), visitor: keyOn('anonymous_id', 1, 2), shards: 2 };
}

function three(): { user: string; visitor: string; email: string; other: string; shards: number } {
  return {
    user: keyOn('user_id', 0, 3),
    visitor: keyOn('anonymous_id', 1, 3),
    email: keyOn('email', 2, 3),
    other: keyOn('user_id', 2, 3, 'o'),
    shards: 3,
  };
}

export function scenarios(): Scenario[] {
  return [
    (() => {
      const { user, visitor, shards } = two();
      const steps = [many(1, user), many(2, visitor), items(bring([user, visitor])), many(1, visitor)];
      return { name: 'a small profile moves to a large one', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const steps = [many(3, user), many(1, visitor), items(bring([user, visitor])), many(1, visitor), many(1, user)];
      return { name: 'a visitor moves to the user', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const device = keyOn('anonymous_id', 0, 2, 'd');
      const steps = [
        many(1, user),
        many(1, device),
        items(bring([user, device])),
        many(4, visitor),
        items(bring([user, visitor])),
        many(1, device),
      ];
      return { name: 'two profiles of one shard become one, and that moves', shards, steps };
    })(),
    (() => {
      const { user, visitor, other, shards } = three();
      const steps = [
        many(1, user),
        many(2, visitor),
        items(bring([user, visitor])),
        many(5, other),
        items(bring([other, visitor])),
        many(1, user),
      ];
      return { name: 'a profile moves on to a third shard', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const steps: Step[] = [
        many(2, user),
        many(1, visitor),
        items(bring([user, visitor])),
        many(1, visitor),
        { kind: 'separate', side: [visitor] },
        many(1, visitor),
        items(bring([user, visitor])),
      ];
      return { name: 'a visitor is separated from the user and moves home', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const device = keyOn('anonymous_id', 0, 2, 'd');
      const steps: Step[] = [
        many(2, user, device),
        many(1, visitor),
        items(bring([user, visitor])),
        many(1, device),
        { kind: 'separate', side: [visitor] },
        { kind: 'separate', side: [device] },
        items(bring([user, visitor]), bring([user, device])),
      ];
      return { name: 'a profile of three falls apart twice', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const steps: Step[] = [
        many(1, user),
        many(2, visitor),
        items(bring([user, visitor])),
        { kind: 'separate', side: [user] },
        { kind: 'merge', into: visitor, from: user },
        { kind: 'separate', side: [user] },
        many(3, user),
        { kind: 'merge', into: user, from: visitor },
      ];
      return { name: 'two profiles come together and apart again and again', shards, steps };
    })(),
    (() => {
      const { user, visitor, email, shards } = three();
      const steps: Step[] = [
        items(bring([user, visitor, email])),
        many(1, visitor),
        items(bring([visitor, email])),
        { kind: 'separate', side: [user] },
        many(1, user),
        { kind: 'merge', into: user, from: visitor },
      ];
      return { name: 'one item brings identifiers of three shards', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const steps: Step[] = [
        items(bring([user, visitor])),
        { kind: 'separate', side: [visitor] },
        many(1, visitor),
        items(bring([user, visitor])),
      ];
      return { name: 'a visitor under whom nothing came is set free and comes back', shards, steps };
    })(),
    (() => {
      const { user, visitor, shards } = two();
      const other = keyOn('user_id', 1, 2, 'x');
      const steps: Step[] = [
        many(2, user),
        many(1, visitor),
        many(4, other),
        items(bring([user], { type: 'alias', userId: other.slice(8), previousId: user.slice(8) })),
        items(bring([user, visitor])),
        many(1, visitor),
      ];
      return { name: 'an alias moves a user, and a visitor follows', shards, steps };
    })(),
  ];
}
