/**
 * Made-up people and their duplicates, shaped like Febrl's sets (Christen 2005): originals with names, address, birthday, ids, and
 * copies with typing and reading mistakes, exchanged fields, other values and gaps. Beyond Febrl: households (same surname and address),
 * twins, suburbs that go with postcodes, e-mail addresses made of names. Every record is a function of the seed.
 */
import { deriveKey, Random, seedKey } from '../../src/generator/random.ts';
import { Mistakes } from './mistakes.ts';
import { PERSON_FIELDS, type PersonField, type PersonValues } from './person-field.ts';
import { PersonMaker } from './person-maker.ts';

/** The columns of Febrl's own sets. */
export const FEBRL_FIELDS: readonly PersonField[] = PERSON_FIELDS.slice(0, 10);

export interface PeopleOptions {
  readonly seed: number;
  readonly recordCount: number;
  /** Share of people with copies. */
  readonly duplicatedShare: number;
  /** Copies of one person are 1 to this, fewer being likelier. */
  readonly copiesMax: number;
  /** Mistakes in a copy are 1 to this. */
  readonly mistakesMax: number;
  /** Chance that a person lives with the one before: same surname, address and telephone. */
  readonly householdShare: number;
}

export const FEBRL_SHAPE: Omit<PeopleOptions, 'seed' | 'recordCount'> = {
  duplicatedShare: 0.5,
  copiesMax: 5,
  mistakesMax: 10,
  householdShare: 0.1,
};

export interface PersonRecord {
  /** Records of one person have the same number. */
  readonly person: number;
  readonly values: PersonValues;
}

/** Records in an order drawn from the seed: originals and copies mixed within some thousands of places. */
export function* people(options: PeopleOptions): Generator<PersonRecord> {
  const random = new Random().reset(deriveKey(seedKey(options.seed), 1));
  const maker = new PersonMaker(seedKey(options.seed));
  const mistakes = new Mistakes(maker, random);
  const shelf: PersonRecord[] = [];
  let made = 0;
  let before: PersonValues | undefined;
  for (let person = 0; made < options.recordCount; person++) {
    const isHousemate = before !== undefined && random.isWithin(options.householdShare);
    const values = maker.person(person, isHousemate ? before : undefined);
    before = values;
    const copyCount = random.isWithin(options.duplicatedShare)
      ? 1 + Math.min(random.below(options.copiesMax), random.below(options.copiesMax))
      : 0;
    for (let copy = 0; copy <= copyCount && made < options.recordCount; copy++, made++) {
      const count = copy === 0 ? 0 : 1 + Math.min(random.below(options.mistakesMax), random.below(options.mistakesMax));
      shelf.push({ person, values: mistakes.in(values, count) });
      if (shelf.length >= SHELF_LENGTH) yield taken(shelf, random);
    }
  }
  while (shelf.length > 0) yield taken(shelf, random);
}

const SHELF_LENGTH = 4_096;

function taken(shelf: PersonRecord[], random: Random): PersonRecord {
  const at = random.below(shelf.length);
  const record = shelf[at];
  const last = shelf.pop()!;
  if (at < shelf.length) shelf[at] = last;
  return record;
}
