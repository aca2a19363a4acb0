/** "Did you mean": the nearest known word to a misspelt one. Words are short; longer input is never measured. */
const WORD_LENGTH_MAX = 40;
const QUOTE_LENGTH_MAX = 60;

/** The nearest of `candidates` within a third of the word's length (swapped neighbours count once), or undefined. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment: insert, delete, replace, swap neighbours. Cost: O(|a| · |b|). */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > WORD_LENGTH_MAX) return WORD_LENGTH_MAX;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let distance = Math.min(current[column - 1] + 1, last[column] + 1, last[column - 1] + (isSame ? 0 : 1));
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) distance = Math.min(distance, beforeLast[column - 2] + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length];
}

/** A caller's text as a message shows it: quoted, and cut when long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > QUOTE_LENGTH_MAX ? `${text.slice(0, QUOTE_LENGTH_MAX)}…` : text);
}

/** `; did you mean "x"?`, or nothing. */
export function suggestionText(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : `; did you mean ${quoted(suggestion)}?`;
}

/** `a, b or c`. */
export function listText(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items[items.length - 1]}`;
}
