/** A `CancelSource` says what an `AbortController` with its signal says. */
import { describe, expect, it } from 'vitest';
import { type CancelSignal, CancelSource, timeLimitReached } from '../../../src/base/cancel-source.ts';

interface Source {
  readonly signal: CancelSignal;
  abort(reason?: unknown): void;
}

describe.each<[string, () => Source]>([
  ['CancelSource', () => new CancelSource()],
  ['AbortController', () => new AbortController()],
])('%s', (_, make) => {
  it('calls listeners once, in their order, and keeps the first reason', () => {
    const source = make();
    const heard: string[] = [];
    const first = (): void => void heard.push('first');
    source.signal.addEventListener('abort', first, { once: true });
    source.signal.addEventListener('abort', () => void heard.push('second'), { once: true });
    source.signal.addEventListener('abort', first, { once: true });
    expect(source.signal.aborted).toBe(false);
    expect(source.signal.reason).toBeUndefined();
    source.signal.throwIfAborted();
    source.abort('why');
    source.abort('again');
    expect(heard).toEqual(['first', 'second']);
    expect(source.signal.aborted).toBe(true);
    expect(source.signal.reason).toBe('why');
    expect(() => source.signal.throwIfAborted()).toThrow('why');
  });

  it('does not call who left, nor who comes after the end', () => {
    const source = make();
    const heard: string[] = [];
    const left = (): void => void heard.push('left');
    source.signal.addEventListener('abort', left, { once: true });
    source.signal.removeEventListener('abort', left);
    source.abort();
    source.signal.addEventListener('abort', () => void heard.push('late'), { once: true });
    source.abort();
    expect(heard).toEqual([]);
    expect(source.signal.reason).toMatchObject({ name: 'AbortError' });
  });

  it('does not call whom another listener removed', () => {
    const source = make();
    const heard: string[] = [];
    const removed = (): void => void heard.push('removed');
    source.signal.addEventListener('abort', () => {
      heard.push('one');
      source.signal.removeEventListener('abort', removed);
    });
    source.signal.addEventListener('abort', removed);
    source.signal.addEventListener('abort', () => void heard.push('two'), { once: true });
    source.abort(timeLimitReached());
    expect(heard).toEqual(['one', 'two']);
    expect(source.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

it('tells everybody, also when one of them fails', () => {
  const source = new CancelSource();
  const heard: string[] = [];
  source.addEventListener('abort', () => {
    throw new Error('mine');
  });
  source.addEventListener('abort', () => void heard.push('other'));
  expect(() => source.abort()).toThrow('mine');
  expect(heard).toEqual(['other']);
});
