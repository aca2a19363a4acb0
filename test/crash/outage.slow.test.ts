import { describe, it } from 'vitest';
import { DAMAGES, expectRecoveredFromLog, expectTold } from './damage.ts';

describe('a checkpoint with any damage', () => {
  it('is made up for by the log, as long as the log is whole', () => expectRecoveredFromLog(DAMAGES));

  it('that the log no longer covers is told, and nothing is served in its place', () => expectTold(DAMAGES));
});
