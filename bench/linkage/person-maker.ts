/** One made-up person from the seed and the person's number: names and places by Zipf's law, the rest about uniform. */
import { Choice, zipfWeights } from '../../src/generator/choice.ts';
import { deriveKey, Random } from '../../src/generator/random.ts';
import type { PersonValues } from './person-field.ts';

const GIVEN_COUNT = 1_500;
const SURNAME_COUNT = 12_000;
const STREET_COUNT = 6_000;
const SUBURB_COUNT = 2_500;
const STATES = ['nsw', 'vic', 'qld', 'wa', 'sa', 'tas', 'act', 'nt'];
const STREET_KINDS = ['street', 'road', 'place', 'crescent', 'avenue', 'close', 'circuit', 'drive', 'court', 'way'];
const DOMAINS = ['gmail.com', 'outlook.com', 'yahoo.com', 'bigpond.com', 'icloud.com', 'hotmail.com', 'optusnet.com'];
const ONSETS = 'b br c ch cl d dr f fl g gr h j k kl l m n p pr qu r s sh st t th tr v w y z'.split(' ');
const VOWELS = 'a e i o u ai ea ee ie oo ou'.split(' ');
const CODAS = ['', '', '', 'n', 'r', 'l', 's', 'm', 'd', 'ck', 'll', 'th', 'tt', 'son', 'ton', 'ley'];

export class PersonMaker {
  readonly #key: number;
  readonly #given = new Choice(zipfWeights(GIVEN_COUNT).map(Math.sqrt));
  readonly #surname = new Choice(zipfWeights(SURNAME_COUNT).map(Math.sqrt));
  readonly #suburb = new Choice(zipfWeights(SUBURB_COUNT).map(Math.sqrt));
  readonly #words = new Random();

  constructor(key: number) {
    this.#key = key;
  }

  /** With `housemate`, of the same household; about one in twelve of those is a twin. */
  person(number: number, housemate: PersonValues | undefined): PersonValues {
    const random = new Random().reset(deriveKey(this.#key, number + 16));
    const given = this.given(random);
    const surname = housemate?.surname ?? this.surname(random);
    const suburb = this.#suburb.draw(random);
    const born = housemate !== undefined && random.below(12) === 0 ? housemate.date_of_birth : birthday(random);
    return {
      given_name: given,
      surname,
      street_number: housemate?.street_number ?? String(1 + Math.floor(random.fraction() ** 3 * 400)),
      address_1: housemate?.address_1 ?? this.street(random),
      address_2:
        housemate?.address_2 ??
        (random.below(100) < 40
          ? ''
          : `${this.#word(7, random.below(3_000), 2)} ${this.#word(8, random.below(50), 1)}`),
      suburb: housemate?.suburb ?? this.#word(3, suburb, 3),
      postcode: housemate?.postcode ?? String(2_000 + ((suburb * 37) % 6_000)),
      state: housemate?.state ?? STATES[suburb % STATES.length],
      date_of_birth: born,
      soc_sec_id: String(1_000_000 + random.below(9_000_000)),
      phone: housemate?.phone ?? `04${String(10_000_000 + random.below(90_000_000))}`,
      email: emailOf(given, surname, random),
    };
  }

  given(random: Random): string {
    return this.#word(1, this.#given.draw(random), 2);
  }

  surname(random: Random): string {
    return this.#word(2, this.#surname.draw(random), 2);
  }

  street(random: Random): string {
    return `${this.#word(4, random.below(STREET_COUNT), 2)} ${STREET_KINDS[random.below(STREET_KINDS.length)]}`;
  }

  /** The same word for the same list and rank under every seed. */
  #word(list: number, rank: number, syllables: number): string {
    const random = this.#words.reset(deriveKey(list, rank));
    const count = syllables + random.below(2);
    let text = '';
    for (let syllable = 0; syllable < count; syllable++) {
      text += ONSETS[random.below(ONSETS.length)] + VOWELS[random.below(VOWELS.length)];
    }
    return text + CODAS[random.below(CODAS.length)];
  }
}

function birthday(random: Random): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${1930 + Math.floor((random.fraction() + random.fraction()) * 40)}${two(1 + random.below(12))}${two(1 + random.below(28))}`;
}

function emailOf(given: string, surname: string, random: Random): string {
  const number = random.below(3) === 0 ? '' : String(random.below(100));
  const locals = [`${given}.${surname}`, `${given[0]}.${surname}`, `${given}${surname[0]}`, `${surname}.${given}`];
  return `${locals[random.below(locals.length)]}${number}@${DOMAINS[Math.floor(random.fraction() ** 2 * DOMAINS.length)]}`;
}
