/** What a trait path reaches in a profile and a property path in an event: the paths that mean more than their document. */
import { parsePath, type Reach, reach } from './path.ts';
import { type NaiveEvent, type NaiveProfile, seenTraits } from './profile.ts';

/** `first_seen` and `last_seen` are the engine's own and win over sent traits of those names. */
export function reachTrait(path: string, profile: NaiveProfile): Reach {
  return reach({ ...profile.traits, ...seenTraits(profile) }, parsePath(path));
}

/** `context.…` falls through to the event's context where the properties of that event hold nothing there. */
export function reachProperty(path: string, event: NaiveEvent): Reach {
  const segments = parsePath(path);
  const reached = reach(event.properties, segments);
  if (reached.isPresent || segments.length < 2 || segments[0] !== 'context') return reached;
  return reach(event.context, segments.slice(1));
}
