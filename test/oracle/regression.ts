/** Shrunk worlds that once failed, one JSON file each: `{"note", "world"}`. Every oracle test replays them first. */
import { readdirSync, readFileSync } from 'node:fs';
import type { World } from './generate/world.ts';

export interface Regression {
  readonly file: string;
  readonly note: string;
  readonly world: World;
}

const FOLDER = new URL('./regressions/', import.meta.url);

export function regressions(): readonly Regression[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return files.sort().map((file) => ({ file, ...JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) }));
}
