/** A look at what is served before it is measured: some profiles, compared with what the generator made them of. */
import type { Population } from '../../src/generator/population.ts';
import { answeredChecksum, expectedChecksum, sampleOf } from './checksum.ts';

/** What a server can be asked for. */
export interface ProfileSource {
  profile(userIndex: number): Promise<{
    readonly body: Buffer;
    readonly profile: { readonly id: string; readonly traits: object };
  }>;
}

export interface SampleCheck {
  readonly users: readonly number[];
  readonly checksum: string;
  /** Ids and traits are those of the generator. */
  readonly isRight: boolean;
  /** The body whose length is nearest to the mean. */
  readonly meanBody: Buffer;
}

export async function checkSample(
  population: Population,
  source: ProfileSource,
  draws: Uint32Array,
): Promise<SampleCheck> {
  const users = sampleOf(draws);
  const answers: Awaited<ReturnType<ProfileSource['profile']>>[] = [];
  for (const user of users) answers.push(await source.profile(user));
  const checksum = answeredChecksum(answers.map(({ profile }) => profile));
  const bodies = answers.map(({ body }) => body);
  const meanLength = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length;
  const distance = (body: Buffer): number => Math.abs(body.length - meanLength);
  return {
    users,
    checksum,
    isRight: checksum === expectedChecksum(population, users),
    meanBody: bodies.reduce((best, body) => (distance(body) < distance(best) ? body : best)),
  };
}
