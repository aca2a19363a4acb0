import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { formatDuration, Progress } from '../../../src/cli/progress.ts';
import { formatCell, formatTable } from '../../../src/cli/table.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';

describe('progress', () => {
  it('in a log is a plain line every few seconds, with rate and remaining time', () => {
    let text = '';
    let nowMs = 0;
    const stderr = new Writable({
      write: (chunk: Buffer, _, done) => {
        text += chunk.toString();
        done();
      },
    });
    const terminal = { ...processTerminal(), stderr, isWatched: false, nowMs: () => nowMs };
    const progress = new Progress(terminal, { unit: 'rows', total: 1_000 });
    for (nowMs = 0; nowMs <= 10_000; nowMs += 100) progress.update(nowMs / 20, nowMs * 2);
    progress.stop();
    expect(text).toBe('25 %, 10,000 rows, 2,000/s, 15 s left\n50 %, 20,000 rows, 2,000/s, 10 s left\n');
  });

  it.each([
    [1, '1 s'],
    [59_000, '59 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('%d ms reads %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});

describe('a table', () => {
  it('puts numbers to the right, cuts what is wide, and shows control characters as escapes', () => {
    expect(
      formatTable(
        ['name', 'count'],
        [
          ['a', 1],
          ['b', 1_234],
        ],
      ),
    ).toContain('│ a    │     1 │');
    expect(formatCell('x'.repeat(100))).toHaveLength(60);
    expect(formatCell('a\u001b[31m\nb')).toBe('a\\u001b[31m\\nb');
    expect(formatCell('a\u009b31m\u007f\u0080é')).toBe('a\\u009b31m\\u007f\\u0080é');
    expect(formatCell(undefined)).toBe('');
    expect(formatCell(['a', 1])).toBe('["a",1]');
  });
});
