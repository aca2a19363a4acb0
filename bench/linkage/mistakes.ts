/** Mistakes in a copy of a record, in the manner of Febrl: keyboard, reading and hearing mistakes, exchanges, other values, gaps. */
import type { Random } from '../../src/generator/random.ts';
import type { PersonValues } from './person-field.ts';
import { PERSON_FIELDS, type PersonField } from './person-field.ts';
import type { PersonMaker } from './person-maker.ts';

const KEYBOARD = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890'];
/** What sounds or looks alike. */
const ALIKE: readonly (readonly [string, string])[] = [
  ['ph', 'f'],
  ['ck', 'k'],
  ['th', 't'],
  ['ie', 'y'],
  ['ee', 'ea'],
  ['ll', 'l'],
  ['tt', 't'],
  ['ou', 'u'],
  ['qu', 'kw'],
  ['sh', 'ch'],
  ['s', 'z'],
  ['m', 'rn'],
  ['l', '1'],
  ['o', '0'],
  ['5', 's'],
  ['8', 'b'],
];
const SWAPS: readonly (readonly [PersonField, PersonField])[] = [
  ['given_name', 'surname'],
  ['address_1', 'address_2'],
];
const MISTAKES_PER_FIELD_MAX = 2;

export class Mistakes {
  readonly #maker: PersonMaker;
  readonly #random: Random;

  constructor(maker: PersonMaker, random: Random) {
    this.#maker = maker;
    this.#random = random;
  }

  /** A copy of `values` with `count` mistakes, at most two a field. */
  in(values: PersonValues, count: number): PersonValues {
    const copy = { ...values };
    const spoilt = new Map<PersonField, number>();
    const random = this.#random;
    for (let mistake = 0; mistake < count; mistake++) {
      if (random.below(25) === 0) {
        const [one, other] = SWAPS[random.below(SWAPS.length)];
        [copy[one], copy[other]] = [copy[other], copy[one]];
        continue;
      }
      const field = PERSON_FIELDS[random.below(PERSON_FIELDS.length)];
      const before = spoilt.get(field) ?? 0;
      if (before === MISTAKES_PER_FIELD_MAX) continue;
      spoilt.set(field, before + 1);
      copy[field] = this.#spoilt(field, copy[field]);
    }
    return copy;
  }

  #spoilt(field: PersonField, value: string): string {
    const random = this.#random;
    const draw = random.below(100);
    if (draw < 15) return '';
    if (draw < 30 || value === '') return this.#other(field, value);
    if (field === 'given_name' && draw < 38) return value[0];
    if (field === 'date_of_birth' && draw < 45) return value.slice(0, 4) + value.slice(6, 8) + value.slice(4, 6);
    if (draw < 55) return alike(value, random);
    return typo(value, random);
  }

  /** Another value that the field could have: a person moved, married, mixed up a number. */
  #other(field: PersonField, value: string): string {
    const random = this.#random;
    switch (field) {
      case 'given_name':
        return this.#maker.given(random);
      case 'surname':
        return this.#maker.surname(random);
      case 'address_1':
        return this.#maker.street(random);
      default: {
        const other = this.#maker.person(random.below(1_000_000), undefined)[field];
        return other === value ? '' : other;
      }
    }
  }
}

function alike(value: string, random: Random): string {
  const from = random.below(ALIKE.length);
  for (let step = 0; step < ALIKE.length; step++) {
    const [one, other] = ALIKE[(from + step) % ALIKE.length];
    if (value.includes(one)) return value.replace(one, other);
    if (value.includes(other)) return value.replace(other, one);
  }
  return typo(value, random);
}

function typo(value: string, random: Random): string {
  const at = random.below(value.length);
  const key = neighbour(value[at], random);
  switch (random.below(5)) {
    case 0:
      return value.slice(0, at) + value.slice(at + 1);
    case 1:
      return value.slice(0, at) + key + value.slice(at);
    case 2:
      return at + 1 < value.length ? value.slice(0, at) + value[at + 1] + value[at] + value.slice(at + 2) : value;
    case 3:
      return value.length > 5 && !/\d/.test(value)
        ? `${value.slice(0, at)} ${value.slice(at)}`
        : value.slice(0, at) + key + value.slice(at + 1);
    default:
      return value.slice(0, at) + key + value.slice(at + 1);
  }
}

function neighbour(unit: string, random: Random): string {
  const row = KEYBOARD.find((keys) => keys.includes(unit)) ?? KEYBOARD[1];
  const at = row.indexOf(unit) + (random.below(2) === 0 ? 1 : -1);
  return row[(at + row.length) % row.length];
}
