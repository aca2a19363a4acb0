import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resolveWindow } from '../../src/query/binder/window.ts';
import { window } from '../oracle/generate/window.ts';
import { isInWindow } from '../oracle/naive/window.ts';

const nowMs = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2035, 0, 1) });

test('for any window and now, the range holds exactly the instants that the naive evaluator finds inside', () => {
  const question = nowMs.chain((now) => fc.tuple(fc.constant(now), window(now), fc.integer({ min: -400, max: 400 })));
  fc.assert(
    fc.property(question, ([now, asked, days]) => {
      const { fromMs, untilMs } = resolveWindow(asked, now);
      const edges = [fromMs, untilMs, now].filter(Number.isFinite).flatMap((edge) => [edge - 1, edge, edge + 1]);
      for (const timeMs of [...edges, now + days * 86_400_000]) {
        expect(fromMs <= timeMs && timeMs < untilMs).toBe(isInWindow(asked, timeMs, now));
      }
    }),
    { numRuns: 1_000 },
  );
});

test('for any window, moment and now, the range as of the moment is the one of that moment, cut after it', () => {
  fc.assert(
    fc.property(
      nowMs.chain((at) => fc.tuple(fc.constant(at), window(at), nowMs)),
      ([at, asked, now]) => {
        const plain = resolveWindow(asked, at);
        expect(resolveWindow(asked, now, at)).toEqual({ ...plain, untilMs: Math.min(plain.untilMs, at + 1) });
      },
    ),
    { numRuns: 300 },
  );
});
