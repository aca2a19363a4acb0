/** Ranks from here on are guesses: good enough for names, which are few, and not for values. */
export const GUESS_RANK = 4;

/** How well a name fits what was typed. Lower is better; undefined = not at all. */
export function matchRank(candidate: string, typed: string): number | undefined {
  if (typed === '') return 0;
  const name = candidate.toLowerCase();
  const wanted = typed.toLowerCase();
  if (name.startsWith(wanted)) return candidate.startsWith(typed) ? 0 : 1;
  const at = name.indexOf(wanted);
  if (at > 0 && isWordStart(candidate, at)) return 2;
  if (wanted.length < 2) return undefined;
  if (at > 0) return 3;
  return isScattered(name, wanted) ? GUESS_RANK : undefined;
}

/** After a sign or a blank, or at a hump: `user_id`, `Order Completed`, `firstName`. */
function isWordStart(candidate: string, at: number): boolean {
  const before = candidate[at - 1];
  const own = candidate[at];
  return !/[\p{L}\p{N}]/u.test(before) || (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(own));
}

/** All characters in order, the first of them first: `oc` in `order completed`. */
function isScattered(name: string, wanted: string): boolean {
  if (name[0] !== wanted[0]) return false;
  let at = 0;
  for (let i = 0; i < name.length && at < wanted.length; i++) if (name[i] === wanted[at]) at += 1;
  return at === wanted.length;
}
