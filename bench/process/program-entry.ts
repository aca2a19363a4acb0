/** The inside of a program that `startProgram` starts: its configuration, its answer, and its end with its parent. */

export function readConfig<Config>(): Config {
  // A closed input means that the parent is gone.
  process.stdin.on('end', () => process.exit(1));
  process.stdin.on('error', () => process.exit(1));
  process.stdin.resume();
  return JSON.parse(process.argv[2]) as Config;
}

/** One line of JSON for the parent. */
export function answer(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Ends the program well, after what it wrote has gone out. */
export function endProgram(): void {
  process.stdout.write('', () => process.exit(0));
}
