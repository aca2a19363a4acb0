/** A program that plays seeds, `FROM COUNT`, until one goes wrong: tells which, and what went wrong first. It is bundled, as it is or with something taken out of the code. */
import { simulate } from './run.ts';

const [from, count] = process.argv.slice(2).map(Number);
for (let seed = from; seed < from + count; seed++) {
  const { failures } = await simulate(seed);
  if (failures.length === 0) continue;
  process.stdout.write(`${JSON.stringify({ seed, failure: failures[0] })}\n`);
  break;
}
process.exit(0);
