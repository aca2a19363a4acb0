/** What is known of a made-up person. */
export const PERSON_FIELDS = [
  'given_name',
  'surname',
  'street_number',
  'address_1',
  'address_2',
  'suburb',
  'postcode',
  'state',
  'date_of_birth',
  'soc_sec_id',
  'phone',
  'email',
] as const;
export type PersonField = (typeof PERSON_FIELDS)[number];

export type PersonValues = Readonly<Record<PersonField, string>>;
