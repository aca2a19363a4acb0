/** A copy of a record with the mistakes that people and forms make: it stands for an unknown true duplicate when rules are chosen. */
import type { ComparedField } from './comparison-data.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Chances per field of a copy of middling quality; a copy's quality scales them. */
const TYPO = 0.15;
const OTHER_VALUE = 0.08;
const NO_VALUE = 0.06;
const SWAP = 0.06;
/** Half of the copies are nearly clean, some are three times as bad as the middling. */
const SEVERITY_MAX = 3;

export function spoiltCopy(
  texts: readonly string[],
  fields: readonly Pick<ComparedField, 'sibling'>[],
  random: SeededRandom,
  draw: (field: number) => string,
): readonly string[] {
  const severity = SEVERITY_MAX * random.fraction() ** 2;
  const copy = texts.map((text, field) => {
    const chance = random.fraction() / severity;
    if (text === '' || chance < NO_VALUE) return '';
    if (chance < NO_VALUE + OTHER_VALUE) return draw(field);
    return chance < NO_VALUE + OTHER_VALUE + TYPO ? misspelt(text, random) : text;
  });
  fields.forEach(({ sibling }, field) => {
    if (sibling <= field || random.fraction() >= SWAP * severity) return;
    [copy[field], copy[sibling]] = [copy[sibling], copy[field]];
  });
  return copy;
}

/** One edit at a place drawn: two neighbours swapped, a unit dropped, doubled or replaced by another of the text. */
function misspelt(text: string, random: SeededRandom): string {
  const at = random.below(text.length);
  const after = text.slice(at + 1);
  switch (random.below(4)) {
    case 0:
      return at + 1 < text.length
        ? text.slice(0, at) + text[at + 1] + text[at] + text.slice(at + 2)
        : text.slice(0, at);
    case 1:
      return text.slice(0, at) + after;
    case 2:
      return text.slice(0, at) + text[at] + text[random.below(text.length)] + after;
    default:
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) + 1) + after;
  }
}
