/**
 * Which traits tell people apart, judged by the words of their names: those that name a person best come first. A guess, for callers who
 * name no fields; whoever knows better says so in the request.
 */

/** By how well they tell people apart; a trait has the rank of the first row with one of its words. */
const RANKS: readonly (readonly string[])[] = [
  ['ssn', 'passport', 'licence', 'license', 'iban'],
  ['birthday', 'birthdate', 'birth', 'dob', 'born'],
  ['mail', 'email', 'phone', 'mobile', 'telephone', 'tel'],
  ['name', 'firstname', 'lastname', 'fullname', 'middlename', 'surname', 'forename', 'given', 'family'],
  ['street', 'address', 'road', 'house'],
  ['postcode', 'postal', 'postalcode', 'zip', 'zipcode', 'plz', 'suburb'],
  ['city', 'town', 'company', 'employer'],
  ['state', 'region', 'province', 'country', 'gender', 'sex', 'title'],
];
/** Names with one of these tell of something else: `campaign_name`, `last_login_country`. */
const STRANGERS = new Set(
  'campaign product plan file page app event device browser domain host list segment group order payment login signup subscription status opt verified confirmed enabled count total score url utm user'.split(
    ' ',
  ),
);

/** The lower, the better; undefined = not personal. */
export function personalRank(segments: readonly string[]): number | undefined {
  const words = segments.flatMap(wordsOf);
  if (words.some((word) => STRANGERS.has(word))) return undefined;
  // "post code" is "postcode" too.
  const joined = words.slice(1).map((word, i) => words[i] + word);
  const rank = RANKS.findIndex((row) => [...words, ...joined].some((word) => row.includes(word)));
  return rank < 0 ? undefined : rank;
}

/** "homeAddress_line-1" → home, address, line, 1. */
function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
