import { defineConfig } from 'vitest/config';
import fast from './vitest.config.ts';

// The slow part: crash rounds and long random runs. Same set-up, other files, longer limit.
export default defineConfig({
  ...fast,
  test: { ...fast.test, include: ['test/**/*.slow.test.ts'], exclude: ['node_modules/**'], testTimeout: 1_200_000 },
});
